"""The books of each site as the clean zone can know them (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.events import SiteCounted
from shared.outcome import Reason

BEFORE_THE_WALL = (
    Reason.NOT_DICOM.value,
    Reason.UNDECODABLE.value,
    Reason.MISSING_UID.value,
    Reason.DROPPED_BY_PROFILE.value,
    Reason.DISCARDED.value,
    Reason.EXPIRED.value,
)
"""Refused in the identified zone, before there was a de-identified copy."""
NO_PICTURE = "no-picture"


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many instances ended in `outcome` for `reason`."""

    outcome: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class SiteBook:
    """One site's instances by where they are. What has not been de-identified yet is not known on this side."""

    site: str
    stages: dict[str, int]
    clean: int
    on_the_way: int
    rejected: int
    held: int
    dead_lettered: int
    reasons: tuple[ReasonCount, ...]

    @property
    def known(self) -> int:
        """All instances of the site that this side has heard of."""
        return self.clean + self.on_the_way + self.rejected + self.held + self.dead_lettered


def book_of(counted: SiteCounted) -> SiteBook:
    """What a `clean.site.counted` state says.

    On the way is what was de-identified and is neither indexed nor refused: a dead letter of this side stays
    in it, because nobody has decided about it.
    """
    reasons = tuple(
        sorted(
            (ReasonCount(*key.partition("/")[::2], count) for key, count in counted.reasons.items() if count),
            key=lambda item: (-item.count, item.outcome, item.reason),
        )
    )
    refused_here = sum(r.count for r in reasons if r.outcome == "rejected" and r.reason not in BEFORE_THE_WALL)
    clean = counted.counts.get("indexed", 0)
    return SiteBook(
        site=counted.site,
        stages=dict(counted.counts),
        clean=clean,
        on_the_way=max(0, counted.counts.get("anonymised", 0) - clean - refused_here),
        rejected=_sum(reasons, "rejected"),
        held=_sum(reasons, "quarantined"),
        dead_lettered=_sum(reasons, "dead-lettered"),
        reasons=reasons,
    )


def counted_from_journeys(rows: Iterable[Mapping[str, object]]) -> tuple[SiteCounted, ...]:
    """The same state from the index, for when the counters cannot be had. Knows nothing of the identified zone."""
    counts: dict[str, dict[str, int]] = {}
    reasons: dict[str, dict[str, int]] = {}
    for row in rows:
        site, outcome, count = str(row["site"]), str(row["outcome"]), int(str(row["count"]))
        into, name = (reasons, f"{outcome}/{row['reason']}") if outcome == "rejected" else (counts, outcome)
        of_site = into.setdefault(site, {})
        of_site[name] = of_site.get(name, 0) + count
    return tuple(
        SiteCounted(site=site, counts=counts.get(site, {}), reasons=reasons.get(site, {}))
        for site in sorted({*counts, *reasons})
    )


def _sum(reasons: Iterable[ReasonCount], outcome: str) -> int:
    return sum(item.count for item in reasons if item.outcome == outcome)
