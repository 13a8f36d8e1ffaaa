"""What a reconciliation came to, for people and machines."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.difference import Difference, Kind

STATES = ("clean", "quarantined", "rejected", "dead", "in_flight")
"""Of a line: exactly one."""
NAMES = {"dead": "dead_lettered"}
MOST_NAMED = 1000
"""Differences of one kind that are named; all are counted."""


@dataclass(frozen=True, slots=True)
class SiteBooks:
    """Lines of a site. `oldest`: when the one was received that has been in flight for longest."""

    site: str
    received: int
    states: dict[str, int]
    oldest: datetime | None = None

    @property
    def balanced(self) -> bool:
        """received = clean + quarantined + rejected + dead-lettered + in flight"""
        return self.received == sum(self.states[state] for state in STATES)

    def as_json(self) -> dict[str, Any]:
        """As the equation names its terms."""
        counts = {NAMES.get(state, state): self.states[state] for state in STATES}
        oldest = self.oldest.isoformat(timespec="seconds") if self.oldest else None
        return {"received": self.received, **counts, "balanced": self.balanced, "oldest_in_flight": oldest}


@dataclass(frozen=True, slots=True)
class Examined:
    """What one witness was asked. `counted`: how much of what was looked at; `rate` of the largest of these."""

    witness: str
    counted: dict[str, int]
    seconds: float

    @property
    def rate(self) -> float:
        """In a second."""
        return max(self.counted.values(), default=0) / self.seconds if self.seconds > 0 else 0.0

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {"counted": self.counted, "seconds": round(self.seconds, 3), "per_second": round(self.rate, 1)}


@dataclass(slots=True)
class Findings:
    """Differences as they are found: all counted, some of each kind kept."""

    kept: list[Difference] = field(default_factory=list)
    counts: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    """By site and kind."""

    def add(self, difference: Difference) -> None:
        """One more."""
        if sum(count for (_, kind), count in self.counts.items() if kind is difference.kind) < MOST_NAMED:
            self.kept.append(difference)
        self.counts[difference.site, difference.kind] += 1

    def of_kind(self, kind: Kind) -> int:
        """How many there are."""
        return sum(count for (_, found), count in self.counts.items() if found is kind)


@dataclass(frozen=True, slots=True)
class Report:
    """One reconciliation. `seconds` it took, with the time `waited` for the books to catch up."""

    at: datetime
    cut: Cut
    sites: Sequence[SiteBooks]
    findings: Findings
    examined: Sequence[Examined]
    waited: float
    seconds: float

    @property
    def balanced(self) -> bool:
        """Whether the equation holds for each site."""
        return all(site.balanced for site in self.sites)

    @property
    def total(self) -> int:
        """Differences in all."""
        return self.findings.counts.total()

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "cut": self.cut.as_json(),
            "balanced": self.balanced,
            "sites": {site.site: site.as_json() for site in self.sites},
            "differences": [difference.as_json() for difference in self.findings.kept],
            "counts": {kind.value: self.findings.of_kind(kind) for kind in Kind if self.findings.of_kind(kind)},
            "witnesses": {each.witness: each.as_json() for each in self.examined},
            "waited": round(self.waited, 3),
            "seconds": round(self.seconds, 3),
        }
