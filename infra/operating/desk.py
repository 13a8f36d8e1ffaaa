"""Publishing so that two people cannot decide about the same thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Producer

from infra.operating.topics import PATIENCE, SOURCE, note, output
from shared.events import Event
from shared.kafka import config
from shared.outcome import Failure, Transient

TRIES = 4


class Overtaken(Failure):
    """Somebody else has begun to decide since we read: what we read may not be so any more. Nothing was published."""


class Desk:
    """The right to decide: whoever sits down at it takes it from whoever sat there before.

    All command lines share one transactional id for each `name`. A new producer of it ends the transactions of the one
    before, and sees all that it committed; so what is read at the desk stays true until our own commit, or the commit
    fails.
    """

    def __init__(self, bootstrap: str, name: str, log: Path | None = None) -> None:
        """`log`: a file that gets a line for each audit event, once it is published. Raises Transient."""
        self._log = log
        self._producer = Producer(config.transactional(bootstrap, SOURCE, name))
        _step(lambda: self._producer.init_transactions(PATIENCE))

    def publish(self, events: Sequence[Event]) -> None:
        """Publish all of `events` or, on an error, none of this portion. Raises Overtaken or Transient."""
        outputs = [output(event) for event in events]
        _step(self._producer.begin_transaction)
        try:
            for one in outputs:
                self._producer.produce(one.topic, one.value, one.key, headers=list(one.headers))
            _step(lambda: self._producer.commit_transaction(PATIENCE))
        except (BufferError, KafkaException, Transient) as failed:
            self._abort()
            raise failed if isinstance(failed, Transient) else Transient(type(failed).__name__) from None
        for event in events:
            note(self._log, event)

    def _abort(self) -> None:
        try:
            self._producer.abort_transaction(PATIENCE)
        except KafkaException:
            return  # it ends by its time-out, or by the next one who sits down


FENCED = (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH)


def _step(call: Callable[[], object]) -> None:
    """Once more when the coordinator asks for it; the same call goes on where it stopped."""
    for attempt in range(TRIES):
        try:
            call()
        except KafkaException as failed:
            error: KafkaError = failed.args[0]
            if error.code() in FENCED:
                raise Overtaken from None
            if not error.retriable() or attempt == TRIES - 1:
                raise Transient(error.name()) from None
        else:
            return
