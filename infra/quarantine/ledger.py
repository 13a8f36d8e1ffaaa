"""The topics: reading all cases, and publishing decisions so that two people cannot decide about one hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Producer

from infra.keys import audit
from infra.quarantine.cases import TOPICS, Case, Cases, Where
from shared.events import AuditRecorded, Event, InstanceCommitted, InstanceReceived, InstanceReceivedInBulk, Outgoing
from shared.events.envelope import UndecodableEvent, decode, encode
from shared.kafka import Output, Publisher, Record, config, read_to_end
from shared.outcome import Failure, Transient

SOURCE = "operators"
ARRIVALS = (InstanceReceived.topic, InstanceReceivedInBulk.topic)
PATIENCE = 15.0
"""Seconds for one call to the transaction coordinator."""
TRIES = 4


class Overtaken(Failure):
    """Somebody else has begun to decide since we read: what we read may not be so any more. Nothing was published."""


class Ledger:
    """The topics of one node. `log`: a file that gets a line for each audit event, once it is published."""

    def __init__(self, bootstrap: str, log: Path | None = None) -> None:
        self._bootstrap = bootstrap
        self._log = log

    def read(self) -> tuple[Cases, int]:
        """All cases of a node, and how many records could not be decoded. Raises Transient."""
        cases, lost = Cases(), 0
        for record in read_to_end(self._bootstrap, TOPICS):
            event = _decoded(record)
            if event is None:
                lost += 1
            else:
                cases.take(event, record.timestamp, Where(record.topic, record.partition, record.offset))
        return cases, lost

    def completed(self, cases: Sequence[Case]) -> list[Case]:
        """With what verdicts of earlier releases did not tell, from the topics of arrivals. Raises Transient."""
        wanted = {case.arrival for case in cases if case.first.transfer_syntax_uid is None}
        if not wanted:
            return list(cases)
        arrived: dict[str, InstanceReceived] = {}
        for record in read_to_end(self._bootstrap, ARRIVALS):
            event = _decoded(record)
            if isinstance(event, InstanceReceived) and event.arrival in wanted:
                arrived[event.arrival] = event
        return [_with(case, arrived.get(case.arrival)) for case in cases]

    def promised(self) -> dict[str, datetime]:
        """By arrival, until when a site has been promised that its bytes are kept.

        Raises Transient, also for a record that cannot be read: it may promise what is about to be deleted.
        """
        until: dict[str, datetime] = {}
        for record in read_to_end(self._bootstrap, (InstanceCommitted.topic,)):
            event = _decoded(record)
            if not isinstance(event, InstanceCommitted):
                raise Transient("unreadable-promise")
            until[event.arrival] = max(event.until, until.get(event.arrival, event.until))
        return until

    def tell(self, events: Iterable[Event]) -> None:
        """Publish `events` and wait until the broker has them: for what decides nothing.

        Raises Transient; Misconfigured when the audit file cannot be written.
        """
        publisher = Publisher(self._bootstrap, PATIENCE)
        try:
            for event in events:
                publisher.publish(_output(event))
                _note(self._log, event)
        finally:
            publisher.close()

    def sit_down(self) -> Desk:
        """The right to decide, taken from whoever has it; read only afterwards. Raises Transient."""
        return Desk(self._bootstrap, self._log)


class Desk:
    """The right to decide: whoever sits down at it takes it from whoever sat there before.

    All command lines share one transactional id. A new producer of it ends the transactions of the one before, and
    sees all that it committed; so what is read at the desk stays true until our own commit, or the commit fails.
    """

    def __init__(self, bootstrap: str, log: Path | None) -> None:
        self._log = log
        self._producer = Producer(config.transactional(bootstrap, SOURCE, "quarantine"))
        _step(lambda: self._producer.init_transactions(PATIENCE))

    def publish(self, events: Sequence[Event]) -> None:
        """Publish all of `events` or, on an error, none of this portion. Raises Overtaken or Transient."""
        outputs = [_output(event) for event in events]
        _step(self._producer.begin_transaction)
        try:
            for output in outputs:
                self._producer.produce(output.topic, output.value, output.key, headers=list(output.headers))
            _step(lambda: self._producer.commit_transaction(PATIENCE))
        except (BufferError, KafkaException, Transient) as failed:
            self._abort()
            raise failed if isinstance(failed, Transient) else Transient(type(failed).__name__) from None
        for event in events:
            _note(self._log, event)

    def _abort(self) -> None:
        try:
            self._producer.abort_transaction(PATIENCE)
        except KafkaException:
            return  # it ends by its time-out, or by the next one who sits down


def _with(case: Case, arrived: InstanceReceived | None) -> Case:
    if arrived is None:
        return case
    told = {name: getattr(arrived, name) for name in ("sop_class_uid", "transfer_syntax_uid", "size")}
    return replace(case, first=case.first.model_copy(update=told))


def _decoded(record: Record) -> Event | None:
    try:
        return decode(record.topic, record.value, record.headers)
    except UndecodableEvent:
        return None


def _note(log: Path | None, event: Event) -> None:
    if log is not None and isinstance(event, AuditRecorded):
        told = event.model_dump(exclude={"audit_id", "act", "actor", "recorded_at", "ground"}, exclude_none=True)
        audit.record(log, event.act, event.ground or "", actor=event.actor, **told)


def _output(event: Event) -> Output:
    outgoing = Outgoing.of(event)
    value, headers = encode(outgoing, SOURCE, datetime.now(UTC))
    return Output(event.topic, outgoing.key, value, tuple(headers))


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
