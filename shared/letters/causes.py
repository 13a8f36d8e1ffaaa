"""What dead letters have in common: looked at by cause, not by record (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.letters.fold import Letter


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """What a bug or a bad input looks like from outside: letters of one cause are dealt with together."""

    zone: str
    stage: str
    reason: str
    error: str
    release: str


@dataclass(frozen=True, slots=True)
class Group:
    """The letters of one cause. `example` is the newest of them."""

    cause: Cause
    count: int
    oldest: datetime
    newest: datetime
    sites: tuple[str, ...]
    requeued: int
    """How many of them had been requeued before."""
    example: Letter


def cause_of(letter: Letter) -> Cause:
    """Why it died, and where."""
    event = letter.event
    return Cause(letter.zone.name, event.stage, event.reason, event.error or "", event.release)


def by_cause(letters: Iterable[Letter]) -> list[Group]:
    """The letters in groups, the largest first."""
    grouped: dict[Cause, list[Letter]] = defaultdict(list)
    for letter in letters:
        grouped[cause_of(letter)].append(letter)
    groups = [_group(cause, found) for cause, found in grouped.items()]
    return sorted(groups, key=lambda group: (-group.count, group.cause))


def _group(cause: Cause, letters: list[Letter]) -> Group:
    newest = max(letters, key=lambda letter: letter.at)
    return Group(
        cause,
        len(letters),
        min(letter.at for letter in letters),
        newest.at,
        tuple(sorted({letter.site for letter in letters})),
        sum(1 for letter in letters if letter.event.requeues),
        newest,
    )
