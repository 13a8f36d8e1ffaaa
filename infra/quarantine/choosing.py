"""Which cases are meant: by filter, or by age (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.quarantine.cases import Case


@dataclass(frozen=True, slots=True)
class Filter:
    """What a case must be like; an empty part asks for nothing. `profile` is the beginning of a revision."""

    sites: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    since: datetime | None = None
    profile: str = ""

    def matches(self, case: Case) -> bool:
        """Whether `case` is meant."""
        return (
            (not self.sites or case.first.site in self.sites)
            and (not self.reasons or case.reason in self.reasons)
            and (not self.states or case.state in self.states)
            and (self.since is None or case.since >= self.since)
            and case.profile.startswith(self.profile)
        )

    @property
    def only_site(self) -> str | None:
        """The site, when there is just one."""
        return self.sites[0] if len(self.sites) == 1 else None

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return self == Filter(states=self.states)


def unpromised(cases: Iterable[Case], until: Mapping[str, datetime], now: datetime) -> list[Case]:
    """Those whose site has not been promised, by arrival, that they are still kept."""
    return [case for case in cases if until.get(case.arrival, now) <= now]


def overdue(cases: Iterable[Case], days: int | None, of_site: Mapping[str, int | None], now: datetime) -> list[Case]:
    """What is held for longer than `days`, or than its site's policy says when that is None. None there: never."""
    found = []
    for case in cases:
        limit = of_site.get(case.first.site) if days is None else days
        if limit is not None and case.state == "held" and now - case.since > timedelta(days=limit):
            found.append(case)
    return found


def summary(cases: Iterable[Case]) -> Counter[tuple[str, str, str]]:
    """How many there are by state, reason and site."""
    return Counter((case.state, case.reason, case.first.site) for case in cases)
