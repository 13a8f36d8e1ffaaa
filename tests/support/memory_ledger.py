"""The topics of the quarantine in memory. It passes tests/contract/test_ledger.py like the real ones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from infra.quarantine.cases import Case, Cases, Where
from shared.events import Event, InstanceCommitted, InstanceReceived
from tests.support.memory_desk import MemoryTopics


class MemoryLedger(MemoryTopics):
    """As MemoryTopics; `now` is the time of the next record."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[Event, datetime, Where]] = []
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self._offsets: Counter[str] = Counter()

    def say(self, *events: Event) -> None:
        """What others publish, a second apart."""
        for event in events:
            where = Where(event.topic, 0, self._offsets[event.topic])
            self._offsets[event.topic] += 1
            self.events.append((event, self.now, where))
            self.now += timedelta(seconds=1)

    def said(self, kind: type[Event]) -> list[Event]:
        """All events of that kind."""
        return [event for event, _, _ in self.events if isinstance(event, kind)]

    def read(self) -> tuple[Cases, int]:
        self.answer()
        cases = Cases()
        for record in self.events:
            cases.take(*record)
        return cases, 0

    def completed(self, cases: Sequence[Case]) -> list[Case]:
        self.answer()
        arrived = {event.arrival: event for event, _, _ in self.events if isinstance(event, InstanceReceived)}
        return [self._with(case, arrived.get(case.arrival)) for case in cases]

    def promised(self) -> dict[str, datetime]:
        self.answer()
        found = [event for event in self.said(InstanceCommitted) if isinstance(event, InstanceCommitted)]
        return {event.arrival: event.until for event in sorted(found, key=lambda event: event.until)}

    @staticmethod
    def _with(case: Case, arrived: InstanceReceived | None) -> Case:
        if arrived is None or case.first.transfer_syntax_uid is not None:
            return case
        told = {name: getattr(arrived, name) for name in ("sop_class_uid", "transfer_syntax_uid", "size")}
        return replace(case, first=case.first.model_copy(update=told))
