"""A client that hangs is given up, so that a new worker can take over."""

import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest
from confluent_kafka import Producer, TopicPartition

from shared.kafka import LogLost, transaction


class Hanging:
    """A producer whose coordinator went away in the middle of a call."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def begin_transaction(self) -> None:
        return

    def send_offsets_to_transaction(self, *_: Any) -> None:
        self.released.wait()


@pytest.fixture
def producer() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.released.set()


def test_a_call_that_never_returns_loses_the_log(producer: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "STUCK", 0.05)
    started = transaction.Transaction(cast(Producer, producer), lambda _: 1000)
    with pytest.raises(LogLost, match="hangs"):
        started.run((), [transaction.Consumed([TopicPartition("topic", 0, 1)], None)])
