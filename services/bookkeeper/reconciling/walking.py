"""Holds a bucket's listing against the books: what is missing, what nobody knows, what is no more what it was."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Protocol, TypeVar

from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.difference import Difference
from services.bookkeeper.comparing.joining import joined
from services.bookkeeper.comparing.objects import Expected, Finding, Seen, finding
from services.bookkeeper.reconciling.shelves import Shelf
from services.bookkeeper.reconciling.stray import Stray
from shared.database.reading import Reader
from shared.storage import ObjectNotFound, Store

PROBES = ".probe/"
"""Where services try whether they may write."""
TOGETHER = 500
"""Candidates that are looked at again together."""

_T = TypeVar("_T")
Looked = tuple[str, Expected | None, Seen | None]
"""A key, what the books say of it, and what the listing shows."""


class Counts(Protocol):
    """What hears how far it has come."""

    def __call__(self, what: str, number: int = 1) -> None:
        """So many more of these were looked at."""
        ...


class Walk:
    """One bucket against the books. `before`: younger objects are not held to be unknown yet. `deep`: the bytes of all
    that is there are read, too."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        store: Store,
        ledger: Reader,
        stray: Stray,
        catch_up: Callable[[], None],
        before: datetime,
        count: Counts,
        stop: threading.Event,
        deep: bool = False,
    ) -> None:
        self._shelf, self._store, self._ledger, self._stray = shelf, store, ledger, stray
        self._catch_up, self._before, self._count, self._stop = catch_up, before, count, stop
        self._deep = deep

    def differences(self, cut: Cut) -> Iterator[Difference]:
        """Those of `cut`. Raises Transient."""
        candidates = (looked for looked in self._all(cut) if self._differs(*looked[1:]))
        while some := list(islice(candidates, TOGETHER)):
            yield from self._again(some)

    def _differs(self, expected: Expected | None, seen: Seen | None) -> bool:
        if finding(expected, seen, self._before) is not None:
            return True
        if not self._deep or expected is None or seen is None:
            return False
        self._count("bytes", seen.size)
        return not self._is_whole(expected, gone=False)

    def _all(self, cut: Cut) -> Iterator[Looked]:
        expected = self._counted("lines", self._shelf.expected(self._ledger, cut))
        if cut.is_narrow:
            return ((key, line, self._look(key)) for key, line in expected)
        prefix = self._shelf.prefix(cut)
        both = joined(expected, self._counted("objects", self._listed(prefix or "")))
        # Of a bucket whose keys do not tell the site, what is left over may be another site's.
        return both if prefix is not None else (looked for looked in both if looked[1] is not None)

    def _listed(self, prefix: str) -> Iterator[tuple[str, Seen]]:
        for listed in self._store.listed(prefix):
            if not listed.key.startswith(PROBES):
                yield listed.key, Seen(listed.modified, listed.size)

    def _counted(self, what: str, stream: Iterable[_T]) -> Iterator[_T]:
        for item in stream:
            self._count(what)
            yield item

    def _again(self, candidates: Sequence[Looked]) -> Iterator[Difference]:
        """First the store, then the books, which have caught up with whatever had been announced by then."""
        seen = {key: self._look(key) for key, _, _ in candidates}
        self._catch_up()
        now = self._shelf.now(self._ledger, list(seen))
        for key, shown in seen.items():
            difference = self._difference(key, now.get(key), shown)
            if difference is not None:
                yield difference

    def _difference(self, key: str, expected: Expected | None, seen: Seen | None) -> Difference | None:
        found = finding(expected, seen, self._before)
        if found is Finding.UNKNOWN and seen is not None:
            return self._stray.difference(key, seen)
        if expected is None:
            return None
        if found is Finding.MISSING:
            return Difference(self._shelf.missing, expected.site, expected.arrival, key)
        if seen is None or (found is None and not self._deep) or self._is_whole(expected, gone=True):
            return None
        detail = f"{seen.size} bytes instead of {expected.size}" if found else "other bytes than were written"
        return Difference(self._shelf.rotten, expected.site, expected.arrival, key, detail=detail)

    def _look(self, key: str) -> Seen | None:
        found = (listed for listed in self._store.listed(key) if listed.key == key)
        return next((Seen(listed.modified, listed.size) for listed in found), None)

    def _is_whole(self, expected: Expected, *, gone: bool) -> bool:
        """By its bytes. The same data set may have come again with other file meta information. `gone`: the answer for
        what is not there any more; whether it may be is asked elsewhere, or the next time."""
        try:
            return self._shelf.is_whole(self._store, expected, self._stop)
        except ObjectNotFound:
            return gone
