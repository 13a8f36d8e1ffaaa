"""What the books expect in each bucket, in the order of its keys."""

import threading
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol

from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.difference import Kind
from services.bookkeeper.comparing.objects import Expected
from shared.database.reading import Reader
from shared.storage import Store, read_back

PAGE = 5000
"""Lines read at a time."""

_RAW = """
SELECT a.raw_key, a.site, a.arrival, a.digest, a.size, a.expired_at IS NULL
FROM arrival a WHERE a.raw_key {keys} AND {cut}
ORDER BY a.raw_key LIMIT %(limit)s
"""
# Arrivals whose clean copies are the same bytes share an object: it has to be there while one of them needs it. What
# was retracted may be gone.
_CLEAN = """
SELECT c.key, min(c.site), min(c.arrival), min(c.digest), min(c.size),
    bool_or(c.expired_at IS NULL AND c.retracted_at IS NULL)
FROM copy c {arrivals} WHERE c.key {keys} AND {cut}
GROUP BY c.key ORDER BY c.key LIMIT %(limit)s
"""
_DERIVED = """
SELECT c.picture_key, min(c.site), min(c.arrival), '', NULL::bigint,
    bool_or(c.expired_at IS NULL AND c.retracted_at IS NULL)
FROM copy c {arrivals} WHERE c.picture_key {keys} AND {cut}
GROUP BY c.picture_key ORDER BY c.picture_key LIMIT %(limit)s
"""


class Shelf(Protocol):
    """Objects of one bucket. All raise Transient."""

    bucket: ClassVar[str]
    missing: ClassVar[Kind]
    rotten: ClassVar[Kind]
    statement: ClassVar[str]

    def prefix(self, cut: Cut) -> str | None:
        """What the keys of a site or of all begin with; None when they do not tell a site."""
        return "" if cut.site is None else None

    @abstractmethod
    def is_whole(self, store: Store, expected: Expected, stop: threading.Event) -> bool:
        """Read all of it: whether it is what it was. Raises ObjectNotFound."""
        ...

    def expected(self, ledger: Reader, cut: Cut, after: str = "") -> Iterator[tuple[str, Expected]]:
        """The objects of `cut` whose keys come after that one, by their keys."""
        while True:
            page = self._page(ledger, cut, "> %(after)s", PAGE, after=after)
            for expected in page:
                yield from self._with_companions(expected)
            if len(page) < PAGE:
                return
            after = page[-1].key

    def now(self, ledger: Reader, keys: Sequence[str]) -> dict[str, Expected]:
        """Those of `keys` that the books expect."""
        page = self._page(ledger, Cut(), "= ANY(%(wanted)s)", len(keys), wanted=self._owners(keys))
        told = dict(found for expected in page for found in self._with_companions(expected))
        return {key: told[key] for key in keys if key in told}

    def _page(self, ledger: Reader, cut: Cut, keys: str, limit: int, **told: Any) -> list[Expected]:
        arrivals = "" if cut.is_whole else "JOIN arrival a USING (arrival)"
        statement = self.statement.format(keys=keys, cut=cut.condition, arrivals=arrivals)
        return [Expected(*row) for row in ledger.rows(statement, limit=limit, **told, **cut.parameters)]

    def _with_companions(self, expected: Expected) -> Iterator[tuple[str, Expected]]:
        """With what may lie beside it, right behind it in the order of keys."""
        yield expected.key, expected

    def _owners(self, keys: Sequence[str]) -> list[str]:
        """The keys in the books of these, which may be companions."""
        return list(keys)


class Originals(Shelf):
    """In the bucket `identified`, under their site."""

    bucket, missing, rotten, statement = "identified", Kind.RAW_MISSING, Kind.RAW_ROTTEN, _RAW

    def prefix(self, cut: Cut) -> str | None:
        return "" if cut.site is None else f"{cut.site}/"

    def is_whole(self, store: Store, expected: Expected, stop: threading.Event) -> bool:
        return read_back.whole(store, expected.key, expected.digest, stop) is not None


class Copies(Shelf):
    """In the bucket `clean`. A large header is an object beside its copy, `….json` beside `….dcm`."""

    bucket, missing, rotten, statement = "clean", Kind.CLEAN_MISSING, Kind.CLEAN_ROTTEN, _CLEAN

    def is_whole(self, store: Store, expected: Expected, stop: threading.Event) -> bool:
        return not expected.digest or read_back.sha256(store, expected.key, stop) == expected.digest

    def _with_companions(self, expected: Expected) -> Iterator[tuple[str, Expected]]:
        yield expected.key, expected
        header = _header_of(expected.key)
        yield header, replace(expected, key=header, digest="", size=None, required=False)

    def _owners(self, keys: Sequence[str]) -> list[str]:
        return sorted({f"{key.removesuffix('.json')}.dcm" if key.endswith(".json") else key for key in keys})


class Pictures(Shelf):
    """In the bucket `derived`. No event tells their digest: a whole one begins and ends as a JPEG does (ITU-T T.81,
    Annex B)."""

    bucket, missing, rotten, statement = "derived", Kind.PICTURE_MISSING, Kind.PICTURE_ROTTEN, _DERIVED

    def is_whole(self, store: Store, expected: Expected, stop: threading.Event) -> bool:
        picture = store.get(expected.key)
        return picture.startswith(b"\xff\xd8") and picture.endswith(b"\xff\xd9")


def _header_of(key: str) -> str:
    return f"{key.removesuffix('.dcm')}.json"
