"""The books by themselves: the equation, and facts that exclude each other."""

from collections.abc import Callable, Iterator

from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.difference import Difference, Kind
from services.bookkeeper.comparing.report import STATES, SiteBooks
from shared.database.reading import Reader

_EQUATION = """
SELECT coalesce(a.site, ''), count(*), {states}, min(a.received_at) FILTER (WHERE a.state = 'in_flight')
FROM arrival a WHERE a.received AND {cut} GROUP BY 1 ORDER BY 1
"""
_CONTRADICTIONS = """
SELECT x.kind, a.site, a.arrival, a.raw_key FROM contradiction x JOIN arrival a USING (arrival) WHERE {cut}
"""
_NEVER_RECEIVED = "not-received"


def equation(ledger: Reader, cut: Cut) -> list[SiteBooks]:
    """The lines of each site by their state, all as they were at one moment. Raises Transient."""
    states = ", ".join(f"count(*) FILTER (WHERE a.state = '{state}')" for state in STATES)
    rows = ledger.rows(_EQUATION.format(states=states, cut=cut.condition), **cut.parameters)
    return [
        SiteBooks(site, received, dict(zip(STATES, counts, strict=True)), oldest)
        for site, received, *counts, oldest in rows
    ]


def contradictions(ledger: Reader, cut: Cut, catch_up: Callable[[], None]) -> Iterator[Difference]:
    """Those that are still there once the books have what had been announced when they were first seen: topics are read
    in no order among each other. Raises Transient."""
    seen = _contradictions(ledger, cut)
    if not seen:
        return
    catch_up()
    for (name, arrival), (site, key) in sorted(_contradictions(ledger, cut).items()):
        if (name, arrival) in seen:
            kind = Kind.NEVER_RECEIVED if name == _NEVER_RECEIVED else Kind.CONTRADICTION
            yield Difference(kind, site, arrival, key, detail="" if kind is Kind.NEVER_RECEIVED else name)


def _contradictions(ledger: Reader, cut: Cut) -> dict[tuple[str, str], tuple[str, str | None]]:
    rows = ledger.rows(_CONTRADICTIONS.format(cut=cut.condition), **cut.parameters)
    return {(name, arrival): (site or "", key) for name, site, arrival, key in rows}


def unbalanced(sites: list[SiteBooks]) -> Iterator[Difference]:
    """Sites whose lines are not each in one of the states."""
    for books in sites:
        if not books.balanced:
            counted = sum(books.states.values())
            yield Difference(Kind.UNBALANCED, books.site, detail=f"{books.received} received, {counted} in a state")
