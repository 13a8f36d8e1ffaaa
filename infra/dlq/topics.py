"""The topics of one zone: reading its letters, their records and who did what, and the right to decide."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from infra.operating.desk import Desk
from infra.operating.topics import decoded, tell
from infra.operating.zones import ZoneTopics
from shared.events import DeadLetter, Event, Outgoing
from shared.events.audit import Audit
from shared.kafka import Record, read_to_end, record_at
from shared.letters import Letters, Zone


class KafkaTopics(ZoneTopics[Zone]):
    """One zone's dead letters."""

    def read(self) -> tuple[Letters, int]:
        """All letters, and how many records could not be decoded. Raises Transient."""
        letters, lost = Letters(self.zone), 0
        for record in read_to_end(self._bootstrap, self.zone.topics):
            event = decoded(record)
            if event is None:
                lost += 1
            else:
                letters.take(event, record.timestamp, record.offset)
        return letters, lost

    def whole(self, ids: Collection[str]) -> Iterator[tuple[str, DeadLetter]]:
        """Those letters with their records, each once, as they come. Raises Transient."""
        wanted = set(ids)
        for record in read_to_end(self._bootstrap, [self.zone.letters.topic]):
            if not wanted:
                return
            event = decoded(record)
            if isinstance(event, DeadLetter) and (found := Outgoing.of(event).id) in wanted:
                wanted.discard(found)
                yield found, event

    def record(self, topic: str, partition: int, offset: int) -> Record | None:
        """What lies there; None when nothing does any more. Raises Transient."""
        return record_at(self._bootstrap, topic, partition, offset)

    def acts(self, ids: Collection[str]) -> list[Audit]:
        """What people did with those letters, the oldest first. Raises Transient."""
        found = (decoded(record) for record in read_to_end(self._bootstrap, [self.zone.audit.topic]))
        return [event for event in found if isinstance(event, Audit) and event.letter in ids]

    def tell(self, events: Iterable[Event]) -> None:
        """Publish what decides nothing. Raises Transient; Misconfigured when the audit file cannot be written."""
        tell(self._bootstrap, self._log, events)

    def sit_down(self) -> Desk:
        """The right to decide, taken from whoever has it; read only afterwards. Raises Transient."""
        return Desk(self._bootstrap, f"dlq.{self.zone.name}", self._log)
