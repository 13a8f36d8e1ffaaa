"""Reconciliations that come round by themselves beside the work: a light one often, one with walks now and then."""

import threading
import time
from dataclasses import dataclass
from typing import Literal, Protocol

from services.bookkeeper.comparing.report import Report
from services.bookkeeper.reconciling.reconcile import Reconciliation, Wish, Witnesses
from shared.outcome import Transient

Depth = Literal["light", "walk"]
"""`light`: the databases, accounts and topics; `walk`: the listings of the stores too."""
LIGHT: Depth = "light"
WALK: Depth = "walk"


class Told(Protocol):
    """Hears what came of each."""

    def came_to(self, depth: Depth, report: Report) -> None:
        """It ended. Raises Transient when that cannot be told."""
        ...

    def did_not_end(self, depth: Depth, failed: Exception) -> None:
        """Something was away, the books did not catch up, or there is a bug."""
        ...


@dataclass(frozen=True)
class Often:
    """Seconds between the beginnings of two; `patience`: those for the books to catch up, each time."""

    light: float
    walk: float
    patience: float = 60.0


class Rounds:
    """A thread of its own, with connections of its own. What fails is told, and tried again at the next turn."""

    def __init__(self, witnesses: Witnesses, often: Often, told: Told, stop: threading.Event) -> None:
        self._witnesses, self._often, self._told, self._stop = witnesses, often, told, stop
        self._due: dict[Depth, float] = {LIGHT: time.monotonic() + often.light, WALK: time.monotonic() + often.walk}
        self._thread = threading.Thread(target=self._run, name="reconciling", daemon=True)

    def start(self) -> None:
        """Begin to wait for the first one."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the one under way has ended; it looks for `stop` now and then."""
        self._thread.join()

    def once(self, depth: Depth) -> None:
        """One of them, now."""
        try:
            wish = Wish(walk=depth == WALK, wait=self._often.patience)
            report = Reconciliation(self._witnesses, wish, self._stop).run()
            self._told.came_to(depth, report)
        except Exception as failed:  # the ledger goes on whatever becomes of this
            if not (self._stop.is_set() and isinstance(failed, Transient)):
                self._told.did_not_end(depth, failed)
        finally:
            self._witnesses.ledger.close()
            self._witnesses.index.close()

    def _run(self) -> None:
        while not self._stop.wait(max(0.0, min(self._due.values()) - time.monotonic())):
            # One with walks is a light one too.
            depth = WALK if self._due[WALK] <= time.monotonic() else LIGHT
            began = time.monotonic()
            self.once(depth)
            self._due[LIGHT] = max(began + self._often.light, time.monotonic())
            if depth == WALK:
                self._due[WALK] = max(began + self._often.walk, time.monotonic())
