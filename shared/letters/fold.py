"""What became of each dead letter: a fold over events, in whatever order they are read (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.events import (
    CleanAuditRecorded,
    CleanDeadLetter,
    CleanLetterSettled,
    CleanRequeued,
    DeadLetter,
    Event,
    IdentifiedDeadLetter,
    IdentifiedLetterSettled,
    IdentifiedRequeued,
    LetterSettled,
    Outgoing,
)
from shared.events.again import SetAside
from shared.events.audit import Audit, AuditRecorded
from shared.runner.deadletters import counted

ZoneName = Literal["identified", "clean"]
State = Literal["open", "requeued", "resolved", "discarded"]
"""`requeued`: on its way through its stage again, or dead again as another letter."""


@dataclass(frozen=True, slots=True)
class Zone:
    """The topics of one zone."""

    name: ZoneName
    letters: type[DeadLetter]
    settled: type[LetterSettled]
    requeued: type[SetAside]
    audit: type[Audit]

    @property
    def topics(self) -> tuple[str, str]:
        """All that the fold needs."""
        return (self.letters.topic, self.settled.topic)


ZONES = (
    Zone("identified", IdentifiedDeadLetter, IdentifiedLetterSettled, IdentifiedRequeued, AuditRecorded),
    Zone("clean", CleanDeadLetter, CleanLetterSettled, CleanRequeued, CleanAuditRecorded),
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `event` is without the record's value, which can be megabytes."""

    id: str
    zone: Zone
    event: DeadLetter
    at: datetime
    """When it was first written."""
    site: str
    project: str
    settled: LetterSettled | None = None
    settled_at: datetime | None = None
    died_again: str | None = None
    """The letter that it became when it was handled again."""

    @property
    def state(self) -> State:
        return "open" if self.settled is None else self.settled.state

    @property
    def first(self) -> str:
        """The letter that its record was at first."""
        return self.event.first or self.id


class Letters:
    """All that was read so far of one zone."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self._letters: dict[str, Letter] = {}
        self._settled: dict[str, tuple[int, LetterSettled, datetime]] = {}

    def take(self, event: Event, at: datetime, offset: int) -> None:
        """One record, of that time and at that place in its topic. Repeats change nothing."""
        match event:
            case DeadLetter():
                letter_id = Outgoing.of(event).id
                known = self._letters.get(letter_id)
                site, project = counted(event)
                first = at if known is None else min(at, known.at)
                bare = event.model_copy(update={"record_value": None})
                self._letters[letter_id] = Letter(letter_id, self.zone, bare, first, site, project)
            case LetterSettled():
                newest = self._settled.get(event.letter)
                if newest is None or newest[0] < offset:
                    self._settled[event.letter] = (offset, event, at)
            case _:
                pass

    def __iter__(self) -> Iterator[Letter]:
        """All letters, the oldest first."""
        again = {(letter.first, letter.event.requeues): letter.id for letter in self._letters.values()}
        for letter in sorted(self._letters.values(), key=lambda one: (one.at, one.id)):
            _, settled, at = self._settled.get(letter.id, (0, None, None))
            yield Letter(
                letter.id,
                letter.zone,
                letter.event,
                letter.at,
                letter.site,
                letter.project,
                settled,
                at,
                again.get((letter.first, letter.event.requeues + 1)),
            )
