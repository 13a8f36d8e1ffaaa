"""A producer that takes nothing any more is replaced."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from shared.kafka import Output, Publisher, publisher
from shared.outcome import Transient


class Fenced:
    """A producer after a fatal error; those made later take what they get."""

    made = 0

    def __init__(self, _: Any) -> None:
        Fenced.made += 1
        self._fatal = Fenced.made == 1

    def produce(self, *_: Any, on_delivery: Any, **__: Any) -> None:
        if self._fatal:
            raise KafkaException(KafkaError(KafkaError._FATAL, "fenced", fatal=True))
        on_delivery(None, None)

    def poll(self, _: float) -> int:
        return 0

    def flush(self, _: float) -> int:
        return 0

    def purge(self) -> None:
        return


def test_after_a_fatal_error_another_producer_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "Producer", Fenced)
    ours = Publisher("127.0.0.1:9", timeout=1.0)
    with pytest.raises(Transient):
        ours.publish(Output("topic", "key", b"value", ()))
    ours.publish(Output("topic", "key", b"value", ()))
    assert Fenced.made == 2
    ours.close()
