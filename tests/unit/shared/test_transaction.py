"""A client that hangs is given up, so that a new worker can take over."""

import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest
from confluent_kafka import Message, Producer, TopicPartition

from shared.kafka import LogLost, bounded, lane, transaction


class Hanging:
    """A client that waits for what never comes."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def begin_transaction(self) -> None:
        return

    def send_offsets_to_transaction(self, *_: Any) -> None:
        self.released.wait()

    def unsubscribe(self) -> None:
        return

    def consume(self, limit: int, timeout: float) -> list[Message]:
        return []

    def assignment(self) -> list[TopicPartition]:
        return []

    def close(self) -> None:
        self.released.wait()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    client = Hanging()
    yield client
    client.released.set()


def test_a_call_that_never_returns_loses_the_log(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "STUCK", 0.05)
    started = transaction.Transaction(cast(Producer, hanging), lambda _: 1000)
    with pytest.raises(LogLost, match="hangs"):
        started.run((), [transaction.Consumed([TopicPartition("topic", 0, 1)], None)])


def test_a_consumer_that_never_closes_is_left_behind(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "STUCK", 0.05)
    monkeypatch.setattr(lane, "Consumer", lambda _: hanging)
    lane.Lane("live", "nobody:1", "group", "0", ["topic"], "stop", "classic").close()
    assert not hanging.released.is_set()
