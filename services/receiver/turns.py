"""Whose turn it is to store: sites one after the other, however many associations each of them has."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from shared.outcome import Transient


class NoTurn(Transient):
    """The store is so slow that none came in time."""


class Turns:
    """At most `places` threads at a time. Who waits, waits in the queue of his site; a free place goes to the sites in
    turn, so that a site with one association waits for one object of every other site, not of every association."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: dict[str, deque[threading.Event]] = {}
        self._begun: dict[object, float] = {}  # of each place that is taken, in the order in which they were
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._lock:
            return sum(len(queue) for queue in self._waiting.values())

    @property
    def oldest(self) -> float:
        """Seconds that somebody has had his place, who has had it for longest; 0 when nobody has one."""
        with self._lock:
            now = time.monotonic()
            return now - next(iter(self._begun.values()), now)

    @contextmanager
    def of(self, site: str, seconds: float) -> Iterator[None]:
        """A place, when it is this site's turn. Raises NoTurn when it does not come for so long."""
        if not self._entered(site, seconds):
            raise NoTurn("no turn")
        turn = object()
        with self._lock:
            self._begun[turn] = time.monotonic()
        try:
            yield
        finally:
            self._leave(turn)

    def _entered(self, site: str, seconds: float) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            mine = threading.Event()
            self._waiting.setdefault(site, deque()).append(mine)
        return mine.wait(seconds) or not self._gave_up(site, mine)

    def _gave_up(self, site: str, mine: threading.Event) -> bool:
        """Whether he is no more in the queue; False when his turn came at the last moment."""
        with self._lock:
            if mine.is_set():
                return False
            queue = self._waiting[site]
            queue.remove(mine)
            if not queue:
                del self._waiting[site]
            return True

    def _leave(self, turn: object) -> None:
        """Hand the place on to the first of the site that waits longest for its turn."""
        with self._lock:
            del self._begun[turn]
            site = next(iter(self._waiting), None)
            if site is None:
                self._free += 1
                return
            queue = self._waiting.pop(site)
            queue.popleft().set()
            if queue:
                self._waiting[site] = queue
