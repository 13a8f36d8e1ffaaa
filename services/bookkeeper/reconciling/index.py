"""The index of the clean zone against the books: both know the keyed ids of arrivals, so both can sum them up by site
and day; only where the sums differ they are read."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.difference import Difference, Kind
from services.bookkeeper.comparing.joining import joined
from services.bookkeeper.reconciling.walking import TOGETHER, Counts
from shared.database.reading import Reader

# A day is that of the record with which the anonymiser first let the arrival through: both zones see its time.
_BOOKS = """
SELECT c.arrival, c.digest, c.site, f.day FROM copy c
JOIN (SELECT arrival, coalesce(min(anonymised_at)::date, 'epoch') AS day FROM copy GROUP BY arrival) f USING (arrival)
WHERE c.indexed_at IS NOT NULL AND c.retracted_at IS NULL AND (%(site)s::text IS NULL OR c.site = %(site)s)
"""
_INDEX = """
SELECT i.arrival, i.digest, i.site, coalesce(j.at::date, 'epoch') AS day FROM instance i
LEFT JOIN journey j ON j.arrival = i.arrival AND j.step = 'anonymiser'
WHERE %(site)s::text IS NULL OR i.site = %(site)s
"""
_SUMS = """
WITH e AS ({entries}), h AS (SELECT site, day, md5(arrival || digest) AS hash FROM e)
SELECT site, day::text, count(*), sum(('x' || left(hash, 16))::bit(64)::bigint)::text,
    sum(('x' || right(hash, 16))::bit(64)::bigint)::text
FROM h GROUP BY site, day
"""
_NAMED = """
WITH e AS ({entries})
SELECT arrival || ' ' || digest FROM e
JOIN unnest(%(sites)s::text[], %(days)s::date[]) AS d (site, day) USING (site, day)
ORDER BY (arrival || ' ' || digest) COLLATE "C"
"""
_IN_CUT = """
SELECT c.arrival || ' ' || c.digest FROM copy c JOIN arrival a USING (arrival)
WHERE {cut} AND c.indexed_at IS NOT NULL ORDER BY (c.arrival || ' ' || c.digest) COLLATE "C"
"""
_PRESENT = "SELECT arrival || ' ' || digest FROM instance WHERE arrival = ANY(%(arrivals)s)"
_STANDING = """
SELECT arrival || ' ' || digest, site, key, indexed_at IS NOT NULL, rejected_at IS NOT NULL, retracted_at
FROM copy WHERE arrival = ANY(%(arrivals)s)
"""


class Standing(NamedTuple):
    """What the books say of a copy."""

    site: str
    key: str
    indexed: bool
    rejected: bool
    retracted_at: datetime | None


class Index:
    """`before`: what was retracted since may be in the index yet."""

    def __init__(
        self, *, ledger: Reader, index: Reader, catch_up: Callable[[], None], before: datetime, count: Counts
    ) -> None:
        self._ledger, self._index = ledger, index
        self._catch_up, self._before, self._count = catch_up, before, count

    def differences(self, cut: Cut) -> Iterator[Difference]:
        """Those of `cut`. Raises Transient."""
        candidates = self._in_cut(cut) if cut.is_narrow else self._in_days(cut)
        while some := list(islice(candidates, TOGETHER)):
            yield from self._again(some)

    def _in_days(self, cut: Cut) -> Iterator[str]:
        ours, theirs = (self._sums(*side, cut) for side in ((self._ledger, _BOOKS), (self._index, _INDEX)))
        self._count("copies", sum(number for number, *_ in ours.values()))
        self._count("indexed", sum(number for number, *_ in theirs.values()))
        apart = sorted(day for day in ours.keys() | theirs.keys() if ours.get(day) != theirs.get(day))
        self._count("days-read", len(apart))
        if not apart:
            return
        sides = ((self._ledger, _BOOKS), (self._index, _INDEX))
        mine, others = (self._named(reader, entries, cut, apart) for reader, entries in sides)
        yield from (name for name, one, other in joined(mine, others) if one is None or other is None)

    def _sums(self, reader: Reader, entries: str, cut: Cut) -> dict[tuple[str, str], tuple[int, str, str]]:
        rows = reader.rows(_SUMS.format(entries=entries), site=cut.site)
        return {(site, day): (number, high, low) for site, day, number, high, low in rows}

    def _named(
        self, reader: Reader, entries: str, cut: Cut, apart: Sequence[tuple[str, str]]
    ) -> Iterator[tuple[str, str]]:
        sites, days = ([part[place] for part in apart] for place in (0, 1))
        rows = reader.streamed(_NAMED.format(entries=entries), site=cut.site, sites=sites, days=days)
        return ((name, name) for (name,) in rows)

    def _in_cut(self, cut: Cut) -> Iterator[str]:
        for (name,) in self._ledger.streamed(_IN_CUT.format(cut=cut.condition), **cut.parameters):
            self._count("copies")
            yield name

    def _again(self, names: Sequence[str]) -> Iterator[Difference]:
        """First the index, then the books, which have caught up with whatever was announced by then."""
        arrivals = [name.partition(" ")[0] for name in names]
        present = {name for (name,) in self._index.rows(_PRESENT, arrivals=arrivals)}
        self._catch_up()
        rows = self._ledger.rows(_STANDING, arrivals=arrivals)
        standing = {name: Standing(*told) for name, *told in rows}
        for name in names:
            kind = _kind(standing.get(name), name in present, self._before)
            if kind is not None:
                known = standing.get(name)
                site, key = (known.site, known.key) if known else ("", None)
                yield Difference(kind, site, name.partition(" ")[0], key)


def _kind(known: Standing | None, present: bool, before: datetime) -> Kind | None:
    if known is None:
        return Kind.INDEX_STRANGER if present else None
    if known.retracted_at is not None:
        return Kind.INDEX_STRANGER if present and known.retracted_at < before else None
    if known.indexed:
        return None if present else Kind.INDEX_MISSING
    return Kind.INDEX_STRANGER if present and known.rejected else None
