"""The topics of one zone's dead letters in memory. It passes tests/contract/test_letters.py like the real ones."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

from shared.events import DeadLetter, Event, Outgoing
from shared.events.audit import Audit
from shared.kafka import Record
from shared.letters import Letters, Zone
from tests.support.memory_desk import MemoryTopics


class MemoryLetters(MemoryTopics):
    """As MemoryTopics; `now` is the time of the next record."""

    def __init__(self, zone: Zone) -> None:
        super().__init__()
        self.zone = zone
        self.events: list[tuple[Event, datetime, int]] = []
        self.records: dict[tuple[str, int, int], Record] = {}
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.visible = True

    def say(self, *events: Event) -> None:
        """What others publish, a second apart."""
        for event in events:
            self.events.append((event, self.now, len(self.events)))
            self.now += timedelta(seconds=1)

    def said(self, kind: type[Event]) -> list[Event]:
        """All events of that kind."""
        return [event for event, _, _ in self.events if isinstance(event, kind)]

    def there(self) -> bool:
        self.answer()
        return self.visible

    def read(self) -> tuple[Letters, int]:
        self.answer()
        letters = Letters(self.zone)
        for record in self.events:
            letters.take(*record)
        return letters, 0

    def whole(self, ids: Collection[str]) -> Iterator[tuple[str, DeadLetter]]:
        self.answer()
        wanted = set(ids)
        for event, _, _ in list(self.events):
            if isinstance(event, DeadLetter) and (found := Outgoing.of(event).id) in wanted:
                wanted.discard(found)
                yield found, event

    def record(self, topic: str, partition: int, offset: int) -> Record | None:
        self.answer()
        return self.records.get((topic, partition, offset))

    def acts(self, ids: Collection[str]) -> list[Audit]:
        self.answer()
        return [event for event in self.said(Audit) if isinstance(event, Audit) and event.letter in ids]
