"""Carries a wish out in portions: what was done, the letter's new state and the audit become durable together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from infra.dlq.deciding import Refused, Wish, audit_of, discard, objection, requeue
from infra.operating.desk import Overtaken
from infra.operating.topics import output
from shared import schemas
from shared.events import DeadLetter, Event
from shared.events.audit import Audit
from shared.kafka.log import Record
from shared.letters import Letter, Letters, Zone
from shared.outcome import Transient

PORTION, PORTION_BYTES = 500, 16 * 1024 * 1024
"""Letters, and bytes of what is published for them, in one transaction: far from its time-out of ten seconds."""


class Deciding(Protocol):
    """The right to decide, while nobody else takes it (`operating.desk.Desk`)."""

    def publish(self, events: Sequence[Event]) -> None:
        """All of them or none. Raises Overtaken or Transient."""
        ...


class Topics(Protocol):
    """What is needed of `topics.KafkaTopics`: one zone."""

    zone: Zone

    def there(self) -> bool:
        """Whether who asks can see this zone at all."""
        ...

    def read(self) -> tuple[Letters, int]:
        """All letters, and how many records could not be decoded."""
        ...

    def whole(self, ids: Collection[str]) -> Iterator[tuple[str, DeadLetter]]:
        """Those letters with their records, as they come."""
        ...

    def record(self, topic: str, partition: int, offset: int) -> Record | None:
        """What lies there; None when nothing does any more."""
        ...

    def acts(self, ids: Collection[str]) -> list[Audit]:
        """What people did with those letters."""
        ...

    def tell(self, events: Iterable[Event]) -> None:
        """Publish what decides nothing."""
        ...

    def sit_down(self) -> Deciding:
        """The right to decide."""
        ...


@dataclass(slots=True)
class Acted:
    """What became of a wish in one zone."""

    done: list[Letter] = field(default_factory=list)
    refused: list[tuple[Letter, str]] = field(default_factory=list)
    overtaken: bool = False
    away: str = ""


@dataclass(slots=True)
class Portion:
    """What is published together."""

    done: list[Letter] = field(default_factory=list)
    refused: list[tuple[Letter, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    size: int = 0

    @property
    def full(self) -> bool:
        return len(self.done) + len(self.refused) >= PORTION or self.size >= PORTION_BYTES


def act(topics: Topics, wish: Wish, ids: Collection[str], progress: Callable[[int], None] = lambda done: None) -> Acted:
    """Do it with each letter of `ids`, as it is by now; `progress` hears after each portion how many are dealt with.

    Never raises for what went wrong half-way: the result says what was done. Raises Transient before anything was.
    """
    desk, acted = topics.sit_down(), Acted()
    letters = [letter for letter in topics.read()[0] if letter.id in ids]
    try:
        for portion in _portions(topics, wish, letters):
            desk.publish(portion.events)
            acted.done += portion.done
            acted.refused += portion.refused
            progress(len(acted.done) + len(acted.refused))
    except Overtaken:
        acted.overtaken = True
    except Transient as away:
        acted.away = str(away)
    return acted


def _portions(topics: Topics, wish: Wish, letters: Sequence[Letter]) -> Iterator[Portion]:
    portion = Portion()
    for letter, answer in _answers(topics, wish, letters):
        if isinstance(answer, str):
            portion.refused.append((letter, answer))
            portion.events.append(audit_of(letter, wish, _now(), "refused"))
        else:
            portion.done.append(letter)
            portion.events += answer
            portion.size += sum(len(output(event).value) for event in answer)
        if portion.full:
            yield portion
            portion = Portion()
    if portion.events:
        yield portion


def _answers(topics: Topics, wish: Wish, letters: Sequence[Letter]) -> Iterator[tuple[Letter, list[Event] | str]]:
    """For each letter the events that do it, or why it cannot be done."""
    possible: dict[str, Letter] = {}
    for letter in letters:
        refused = objection(letter, wish)
        if refused is not None:
            yield letter, refused
        elif wish.act == "discard":
            yield letter, discard(letter, wish, _now())
        else:
            possible[letter.id] = letter
    for letter_id, whole in topics.whole(possible.keys()):
        yield possible[letter_id], _requeued(topics, possible[letter_id], whole, wish)


def _requeued(topics: Topics, letter: Letter, whole: DeadLetter, wish: Wish) -> list[Event] | str:
    record = None
    if whole.record_value is None:
        record = topics.record(whole.source_topic, whole.source_partition, whole.source_offset)
    try:
        events = requeue(letter, whole, record, wish, _now())
    except Refused as why:
        return str(why)
    if any(len(output(event).value) > schemas.message_limit(event.topic) - HEADROOM for event in events):
        return "it is too large to be handled again"
    return events


HEADROOM = 64 * 1024
"""Bytes of a record beside its value: key and headers."""


def _now() -> datetime:
    return datetime.now(UTC)
