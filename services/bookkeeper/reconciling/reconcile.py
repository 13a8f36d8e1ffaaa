"""One reconciliation: the equation for a cut, and the witnesses against the books."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.difference import Difference
from services.bookkeeper.comparing.report import Examined, Findings, Report
from services.bookkeeper.reconciling import lines, records
from services.bookkeeper.reconciling.accounts import Accounts, Read
from services.bookkeeper.reconciling.catching_up import CatchingUp, Topics
from services.bookkeeper.reconciling.index import Index
from services.bookkeeper.reconciling.shelves import Copies, Originals, Pictures, Shelf
from services.bookkeeper.reconciling.stray import Stray, StrayCopy, StrayOriginal, StrayPicture
from services.bookkeeper.reconciling.walking import Walk
from shared.database.reading import Reader
from shared.dicom.raw_object import Arrived
from shared.storage import Store

GRACE = timedelta(minutes=15)
"""That an object has until it is announced: the receiver's sweep comes every ten minutes, and leaves two of grace."""


@dataclass(frozen=True)
class Witnesses:
    """Where the books and their witnesses are. `arrival`: the id of what lies under a key, where the node's key is
    there; `accounts`: the receiver's folder of them, where it can be read."""

    ledger: Reader
    index: Reader
    topics: Topics
    identified: Store
    clean: Store
    derived: Store
    accounts: Path | None
    arrival: Callable[[Arrived], str | None] = lambda of: None


@dataclass(frozen=True)
class Wish:
    """What to look at, and with how much patience. `walk`: the listings of the stores too; `deep`:
    the bytes of what is in them."""

    cut: Cut = field(default_factory=Cut)
    walk: bool = True
    deep: bool = False
    grace: timedelta = GRACE
    wait: float = 60.0


Progress = Callable[[str, Counter[str]], None]
"""Hears which witness is being asked, and what has been looked at."""


class Reconciliation:
    """Goes from witness to witness. For one thread."""

    def __init__(
        self,
        witnesses: Witnesses,
        wish: Wish,
        stop: threading.Event,
        progress: Progress = lambda witness, counted: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._witnesses, self._wish, self._stop, self._progress = witnesses, wish, stop, progress
        self._at = clock()
        self._before = self._at - wish.grace
        self._catch_up = CatchingUp(witnesses.ledger, witnesses.topics, wish.wait, stop)
        self._findings = Findings()
        self._examined: dict[str, Examined] = {}
        self._counted: Counter[str] = Counter()
        self._witness = ""

    def run(self) -> Report:
        """All of it. Raises Transient when something is away, or the books do not catch up."""
        began, cut, ledger = time.monotonic(), self._wish.cut, self._witnesses.ledger
        with ExitStack() as reading:
            with self._asked("accounts"):
                accounts = self._accounts(reading)
            self._catch_up()
            with self._asked("lines"):
                sites = lines.equation(ledger, cut)
                self._count("lines", sum(site.received for site in sites))
                self._take(lines.unbalanced(sites))
                self._take(lines.contradictions(ledger, cut, self._catch_up))
            if accounts is not None:
                with self._asked("accounts"):
                    self._take(accounts.differences(cut))
        with self._asked("topics"):
            self._take(records.differences(ledger, cut))
        with self._asked("index"):
            self._take(self._index().differences(cut))
        for name, walk in self._walks() if self._wish.walk else ():
            with self._asked(name):
                self._take(walk.differences(cut))
        took = time.monotonic() - began
        return Report(self._at, cut, sites, self._findings, list(self._examined.values()), self._catch_up.waited, took)

    def _accounts(self, reading: ExitStack) -> Read | None:
        """They know no studies."""
        folder = self._witnesses.accounts
        if folder is None or self._wish.cut.study is not None:
            return None
        accounts = Accounts(folder, self._witnesses.ledger, self._count)
        return reading.enter_context(accounts.read(self._wish.cut))

    def _index(self) -> Index:
        told = self._witnesses
        return Index(
            ledger=told.ledger, index=told.index, catch_up=self._catch_up, before=self._before, count=self._count
        )

    def _walks(self) -> Iterator[tuple[str, Walk]]:
        told = self._witnesses
        yield "raw", self._walk(Originals(), told.identified, StrayOriginal(told.arrival))
        yield "clean", self._walk(Copies(), told.clean, StrayCopy(told.ledger))
        yield "derived", self._walk(Pictures(), told.derived, StrayPicture(told.ledger))

    def _walk(self, shelf: Shelf, store: Store, stray: Stray) -> Walk:
        return Walk(
            shelf=shelf,
            store=store,
            ledger=self._witnesses.ledger,
            stray=stray,
            catch_up=self._catch_up,
            before=self._before,
            count=self._count,
            stop=self._stop,
            deep=self._wish.deep,
        )

    @contextmanager
    def _asked(self, witness: str) -> Iterator[None]:
        """What is counted within this block is of that witness."""
        before = self._examined.get(witness, Examined(witness, {}, 0.0))
        began, self._witness, self._counted = time.monotonic(), witness, Counter(before.counted)
        yield
        seconds = before.seconds + time.monotonic() - began
        self._examined[witness] = Examined(witness, dict(self._counted), seconds)

    def _count(self, what: str, number: int = 1) -> None:
        self._counted[what] += number
        self._progress(self._witness, self._counted)

    def _take(self, differences: Iterable[Difference]) -> None:
        for difference in differences:
            self._findings.add(difference)
