"""Carries an erasure out: both zones are told first, then bytes are deleted, then the index has to have followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from infra.erasing.holdings import Holding
from infra.erasing.searching import Reads, Stores, gather, shared_keys, there
from infra.erasing.telling import Wish, audit, told
from infra.operating.desk import Overtaken
from shared.events import Event
from shared.outcome import Transient

PORTION = 1000
"""Arrivals in one transaction: far from its time-out of ten seconds."""

ROUNDS = 3
"""How often it is looked whether a worker that was at it meanwhile has made something again."""


class Tells(Protocol):
    """The right to publish erasures (`operating.desk.Desk`)."""

    def publish(self, events: Sequence[Event]) -> None:
        """All of them or none. Raises Overtaken or Transient."""
        ...


class Topics(Reads, Protocol):
    """What is needed of `topics.KafkaTopics`."""

    def tell(self, events: Iterable[Event]) -> None:
        """Publish what decides nothing. Raises Transient."""
        ...

    def sit_down(self) -> Tells:
        """The right to publish erasures."""
        ...

    def index_follows(self, seconds: float) -> bool:
        """Wait until the index has done what it was told; False when it has not. Raises Transient."""
        ...


@dataclass(slots=True)
class Erased:
    """What became of it. `index`: whether the index has followed; `away`, `overtaken`: why it is not complete."""

    holdings: list[Holding] = field(default_factory=list)
    told: int = 0
    deleted: Counter[str] = field(default_factory=Counter)
    """Objects by bucket."""
    kept: frozenset[str] = frozenset()
    """Objects that are those of other arrivals as well."""
    late: int = 0
    """Objects that came after the first look."""
    index: bool = False
    away: str = ""
    overtaken: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether nothing has to be done again."""
        return self.index and not self.away and not self.overtaken

    @property
    def nothing(self) -> bool:
        """Whether there was nothing to do."""
        return self.told == 0 and not self.deleted


def erase(topics: Topics, stores: Stores, wish: Wish, arrivals: Iterable[str], wait: float) -> Erased:
    """Erase these. `wait`: seconds for the index to follow. The same again does what is left to do.

    Never raises for what went wrong half-way: the result says what was done.
    """
    done, wanted = Erased(), sorted(arrivals)
    try:
        desk = topics.sit_down()
        for number in range(ROUNDS):
            done.holdings = gather(topics, wanted)
            done.kept = done.kept if number else shared_keys(topics, done.holdings)
            news = _tell(desk, done, wish)
            deleted = _delete(topics, stores, done, wish)
            done.late += deleted if number else 0
            done.index = topics.index_follows(wait)
            if not news and not deleted:
                break
    except Overtaken:
        done.overtaken = True
    except Transient as away:
        done.away = str(away)
    return done


def _tell(desk: Tells, done: Erased, wish: Wish) -> bool:
    """Whether there was something to tell. Raises Overtaken, Transient."""
    untold = [holding for holding in done.holdings if not holding.is_told]
    for start in range(0, len(untold), PORTION):
        portion = untold[start : start + PORTION]
        desk.publish([event for holding in portion for event in told(holding, wish, _now())])
        done.told += len(portion)
    return bool(untold)


def _delete(topics: Topics, stores: Stores, done: Erased, wish: Wish) -> int:
    """How many objects there were. Raises Transient, when it has said how far it came."""
    deleted = 0
    try:
        for holding in done.holdings:
            for bucket, key in there(holding, stores, done.kept):
                stores[bucket].delete(key)
                done.deleted[bucket] += 1
                deleted += 1
    except Transient:
        topics.tell([audit(wish, "erase.delete", _now(), count=deleted, failed=True)])
        raise
    if deleted:
        topics.tell([audit(wish, "erase.delete", _now(), count=deleted)])
    return deleted


def _now() -> datetime:
    return datetime.now(UTC)
