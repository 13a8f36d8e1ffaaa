"""Which letters are meant, and what they have in common (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from infra.dlq.letters import Letter


@dataclass(frozen=True, slots=True)
class Filter:
    """What a letter must be like; an empty part asks for nothing. `release` and `error` are beginnings."""

    reasons: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    release: str = ""
    error: str = ""
    states: tuple[str, ...] = ()

    def matches(self, letter: Letter) -> bool:
        """Whether `letter` is meant."""
        event = letter.event
        return (
            (not self.reasons or event.reason in self.reasons)
            and (not self.services or event.stage in self.services)
            and (not self.sites or letter.site in self.sites)
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at < self.until)
            and event.release.startswith(self.release)
            and (event.error or "").startswith(self.error)
            and (not self.states or letter.state in self.states)
        )

    @property
    def only_site(self) -> str | None:
        """The site, when there is just one."""
        return self.sites[0] if len(self.sites) == 1 else None

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing but states."""
        return self == Filter(states=self.states)


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
