"""From records to the tracker's state and back: decodes inside the guard, counts, and tells what is due."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from services.tracker.announcing import Saying, Tombstone
from services.tracker.tracking import Tracker
from shared import metrics, telemetry
from shared.events import Event
from shared.events.envelope import UndecodableEvent, decode, header
from shared.kafka import Record
from shared.outcome import Reason
from shared.telemetry import Attribute

NAME = "tracker"


class Handler:
    """What the edge hands records to. `clock` is in seconds since the epoch, as the records' timestamps are."""

    def __init__(self, tracker: Tracker, clock: Callable[[], float] = time.time) -> None:
        self.tracker = tracker
        self.rebuilding = True
        self._clock = clock
        self._log = telemetry.logger(NAME)
        self._records = metrics.counter("isocentre_stage_records_total")
        self._not_counted = metrics.counter("isocentre_tracker_not_counted_total")
        self._published = metrics.counter("isocentre_tracker_published_total")
        self._open = metrics.gauge("isocentre_tracker_open_studies")
        self._studies = metrics.gauge("isocentre_tracker_studies")

    def forget(self) -> None:
        """Another worker does the work now."""
        self.tracker.forget()
        self.rebuilding = True

    def catch_up(self, records: Iterable[Record], go_on: Callable[[], bool]) -> dict[tuple[str, int], int]:
        """Take in `records` while `go_on` says so. Returns by topic and partition the offset to go on from."""
        positions: dict[tuple[str, int], int] = {}
        for record in records:
            if not go_on():
                break
            self.take(record)
            positions[record.topic, record.partition] = record.offset + 1
        return positions

    def begin(self, last_words: Iterable[Record]) -> None:
        """The work is ours. `last_words` is what our own topics hold, newest last under each key."""
        self.rebuilding = True
        self.tracker.forget_announced()
        for record in last_words:
            event = None if record.value is None else self._decode(record)
            if event is not None:
                self.tracker.recall(event)

    def rebuilt(self) -> None:
        """All that was there when the work became ours has been taken in."""
        self.rebuilding = False
        self._log.info("rebuilt", studies=len(self.tracker.studies), open=self.tracker.open_studies)

    def take(self, record: Record) -> None:
        """Take one record in. Never raises: one that we cannot use must not keep out all others.

        It is no dead letter either: it stays in its topic, and the next start reads it again.
        """
        event = self._decode(record)
        if event is None:
            return
        if self.rebuilding:
            # It arrived then, not now; and an earlier run has told its span and its metrics.
            self._apply(record, event, min(record.timestamp.timestamp(), self._clock()))
            return
        parent = telemetry.parent_in(header(record.headers, "traceparent"))
        with telemetry.span(
            f"process {record.topic}", "consumer", parent, telemetry.consuming(NAME, record.topic)
        ) as span:
            outcome = self._apply(record, event, self._clock())
            span.set({Attribute.OUTCOME: outcome})
        reason = Reason.ALREADY_DONE.value if outcome == "skip" else ""
        self._records.labels(NAME, record.topic, outcome, reason).inc()

    def due(self) -> Iterator[Sequence[Saying]]:
        """What is to be published now, in portions."""
        yield from self.tracker.due(self._clock())
        self._open.set(self.tracker.open_studies)
        self._studies.set(len(self.tracker.studies))

    def confirm(self, outgoing: Saying) -> None:
        """The broker has it."""
        self.tracker.confirm(outgoing, self._clock())
        topic = outgoing.topic if isinstance(outgoing, Tombstone) else outgoing.event.topic
        self._published.labels(topic).inc()

    def _decode(self, record: Record) -> Event | None:
        try:
            return decode(record.topic, record.value, record.headers)
        except UndecodableEvent:
            self._refuse(record, Reason.UNDECODABLE_EVENT, None)
            return None

    def _apply(self, record: Record, event: Event, at: float) -> str:
        event_id = header(record.headers, "ce_id") or f"{record.topic}/{record.partition}/{record.offset}"
        try:
            return "done" if self.tracker.apply(event, event_id, at) else "skip"
        except Exception as bug:  # whatever it is: the next record is not to suffer for it
            self._refuse(record, Reason.UNEXPECTED, bug)
            return "not-counted"

    def _refuse(self, record: Record, reason: Reason, bug: Exception | None) -> None:
        self._not_counted.labels(record.topic, reason.value).inc()
        self._log.error(
            "not-counted",
            reason=reason.value,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            error=type(bug).__name__ if bug else None,
            frames=telemetry.frames_of(bug)[-4:] if bug else None,
        )
