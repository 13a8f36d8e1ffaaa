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
from services.bookkeeper.reconciling.accounts import Accounts
from services.bookkeeper.reconciling.catching_up import CatchingUp, Ends
from services.bookkeeper.reconciling.index import Index
from services.bookkeeper.reconciling.reading import Reader
from services.bookkeeper.reconciling.shelves import Copies, Originals, Pictures, Shelf
from services.bookkeeper.reconciling.stray import Stray, StrayCopy, StrayOriginal, StrayPicture
from services.bookkeeper.reconciling.walking import Walk
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
    ends: Callable[[], Ends]
    identified: Store
    clean: Store
    derived: Store
    accounts: Path | None
    arrival: Callable[[Arrived], str | None] = lambda of: None


@dataclass(frozen=True)
class Wish:
    """What to look at, and with how much patience. `walk`: the listings of the stores too."""

    cut: Cut = field(default_factory=Cut)
    walk: bool = True
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
        self._catch_up = CatchingUp(witnesses.ledger, witnesses.ends, wish.wait, stop)
        self._findings = Findings()
        self._examined: list[Examined] = []
        self._counted: Counter[str] = Counter()

    def run(self) -> Report:
        """All of it. Raises Transient when something is away, or the books do not catch up."""
        began, cut, ledger = time.monotonic(), self._wish.cut, self._witnesses.ledger
        with ExitStack() as read:
            accounts = self._accounts(read)
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
        if self._wish.walk:
            for name, walk in self._walks():
                with self._asked(name):
                    self._take(walk.differences(cut))
        waited, took = self._catch_up.waited, time.monotonic() - began
        return Report(self._at, cut, sites, self._findings, self._examined, waited, took)
