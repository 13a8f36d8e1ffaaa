"""Which records may have ended a worker: what follows from the records that a dead one had in hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.kafka.log import Record
from shared.outcome import Reason

Place = tuple[str, int, int]
"""Topic, partition and offset: what names a record."""

ENOUGH = 2
"""Ends of workers, each with this one record alone in hand, after which it is not handled any more."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What speaks against a record: workers that ended with it alone in hand, and whether the last of them hung."""

    ends: int = 0
    hung: bool = False

    @property
    def is_enough(self) -> bool:
        """Whether it is a dead letter without being handled once more."""
        return self.ends >= ENOUGH

    @property
    def reason(self) -> Reason:
        """The dead letter's code."""
        return Reason.WORKER_HUNG if self.hung else Reason.WORKER_DIED


@dataclass(frozen=True, slots=True)
class Noted:
    """What a worker notes while it lives: the records in hand, those that took too long, and whom it suspects."""

    in_hand: tuple[Place, ...] = ()
    hung: tuple[Place, ...] = ()
    suspects: Mapping[Place, Suspicion] = field(default_factory=dict)


def suspects_after(noted: Noted) -> dict[Place, Suspicion]:
    """Whom the next worker suspects when one has ended that had noted this.

    Those that were in hand, or of them only those that hung, when any did. An end counts against a record only if
    there was no other in hand: among several, any may have been the one.
    """
    found = dict(noted.suspects)
    alone = len(noted.in_hand) == 1
    for place in noted.hung or noted.in_hand:
        before = found.get(place, Suspicion())
        found[place] = replace(before, ends=before.ends + alone, hung=bool(noted.hung))
    return found


def place_of(record: Record) -> Place:
    """What names it."""
    return (record.topic, record.partition, record.offset)


def apart(batch: Sequence[Record], suspects: Mapping[Place, Suspicion]) -> list[list[Record]]:
    """`batch` in parts, to be finished one after the other: each suspect is one by itself. The order stays."""
    if not suspects:
        return [list(batch)]
    parts: list[list[Record]] = []
    company = False
    for record in batch:
        innocent = place_of(record) not in suspects
        if innocent and company:
            parts[-1].append(record)
        else:
            parts.append([record])
        company = innocent
    return parts
