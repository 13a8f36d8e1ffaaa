"""The brake around a stage's work: who waits, what outcomes say of a site, and what people and other workers tell."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from shared.events import WHOLE_STAGE, BrakeChanged, BrakeReleased, Event, SetAside
from shared.events import Parked as Carrying
from shared.events.envelope import UndecodableEvent, decode
from shared.kafka.log import Log, Record
from shared.outcome import Skip
from shared.runner.again import CARRYING
from shared.runner.arriving import Arrived
from shared.runner.brake import Brakes, Judged, Policy, Subject, ended, subject_of
from shared.runner.handling import Incoming
from shared.runner.notices import Notices
from shared.runner.parking import Parked, Parking
from shared.runner.report import Report
from shared.runner.settled import Settled

ALL, FEW = 10_000, 8
"""Parked records that are taken at once: when a brake is off; for probes, since those that are too many are parked
again."""


class Braking:
    """The brakes of one stage. Not thread-safe: the runner's loop owns it."""

    def __init__(
        self,
        stage: str,
        policy: Policy,
        identified: bool,
        notices: Notices,
        source: Log,
        report: Report,
        clock: Callable[[], datetime],
    ) -> None:
        self._stage = stage
        self._brakes = Brakes(stage, policy, identified=identified)
        self._park = Parking(stage, identified)
        self._notices = notices
        self._log = source
        self._report = report
        self._clock = clock
        self._releases: dict[str, BrakeReleased] = {}
        self._began = False
        self._wanted = 0
        self._takes = 0

    # --- between batches

    def look(self) -> Judged | None:
        """Hear what was told, and have the log deliver what is parked where that is due. What is to be published, if
        anything is. Raises `Transient` and `LogLost`."""
        if not self._began:
            self._begin()
        self._hear(self._notices.news())
        now = self._clock()
        if self._brakes.due(now):
            self._want(FEW)
        self._unpark()
        if not self._brakes.on or not self._releases:
            return None
        released = self._brakes.release(self._releases.values(), now)
        return released if released.changes else None

    def most(self, records: int) -> int:
        """Of so many records at once, how many may be taken; 0: the stage has stopped."""
        limit = self._brakes.limit()
        return records if limit is None else min(records, limit)

    @property
    def stopped_by(self) -> str | None:
        """The reason for which the whole stage has stopped."""
        return next((state.reason for state in self._brakes.on if state.site == WHOLE_STAGE), None)

    # --- within one

    def waiting(self, batch: Sequence[tuple[Record, Arrived]]) -> list[Parked | None]:
        """Of each of these, how it is parked; None when it is handled."""
        if not self._brakes.on:
            return [None] * len(batch)
        subjects = [_of_arrived(record, item) for record, item in batch]
        return [
            None if free or subject is None else self._park(record, item.again, subject.site)
            for (record, item), subject, free in zip(batch, subjects, self._brakes.admits(subjects), strict=True)
        ]

    def judge(self, settled: Sequence[Settled]) -> Judged:
        """What these ends lead to. Probes that failed are parked again, instead of what they came to."""
        ends = [ended(_of_settled(item), item.result) for item in settled]
        judged = self._brakes.judge(ends, self._clock())
        for index in judged.again:
            item, end = settled[index], ends[index]
            if end is not None:
                item.result = self._park(item.record, item.again, end.subject.site)
        return judged

    def accept(self, judged: Judged) -> None:
        """It is published."""
        if self._brakes.accept(judged):
            self._want(ALL if any(not change.on for change in judged.changes) else FEW)
        for change in judged.changes:
            self._report.brake(change)

    def close(self) -> None:
        """Listen no more."""
        self._notices.close()

    # --- what is told, and what is parked

    def _begin(self) -> None:
        """The worker before may have ended while it let go on what was parked."""
        told = self._hear(self._notices.so_far())
        if told - {state.site for state in self._brakes.on}:
            self._want(ALL)
        self._began = True

    def _hear(self, records: Iterable[Record]) -> set[str]:
        """Of which sites brakes were told. One that cannot be read says nothing."""
        sites = set()
        for record in records:
            try:
                event = decode(record.topic, record.value, record.headers)
            except UndecodableEvent:
                continue
            if isinstance(event, BrakeReleased) and event.stage == self._stage:
                self._releases[event.site] = event
            elif isinstance(event, BrakeChanged) and event.stage == self._stage:
                sites.add(event.site)
                if self._brakes.adopt(event):
                    self._want(ALL)
        for state in self._brakes.on if sites else ():
            self._report.brake(state)
        return sites

    def _want(self, records: int) -> None:
        self._wanted = max(self._wanted, records)

    def _unpark(self) -> None:
        """What lets all go on also brings what is to be probed, and is not cut short for that."""
        busy = self._log.unparking
        if self._wanted == ALL or (self._wanted and not (busy and self._takes == ALL)):
            self._log.unpark(self._wanted)
            self._takes, self._wanted = self._wanted, 0
        elif busy and self._takes == FEW and not self._brakes.wants_parked:
            self._log.unpark(0)


def _of_arrived(record: Record, item: Arrived) -> Subject | None:
    if isinstance(item.content, Skip):
        return None
    return _subject(record, item.content.event if isinstance(item.content, Incoming) else None, item.again)


def _of_settled(item: Settled) -> Subject | None:
    return None if isinstance(item.result, Parked) else _subject(item.record, item.event, item.again)


def _subject(record: Record, event: Event | None, again: SetAside | None) -> Subject | None:
    asked_for = record.topic in CARRYING and not isinstance(again, Carrying)
    return subject_of(event, record.key if again is None else again.record_key, asked_for=asked_for)
