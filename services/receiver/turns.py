"""Whose turn it is to store: sites one after the other, however many associations each of them has."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.outcome import Transient

LATELY = 1.0
"""Seconds after its last object that a site is still counted among those who send."""


class NoTurn(Transient):
    """The store is so slow that none came in time."""


class Turns:
    """At most `places` threads at a time; while several sites send, about `shared` of them in equal parts.

    Who waits, waits in the queue of his site, and a free place goes to the sites in turn. So a site with one
    association does not share with every association of another one, but with the few that are let in; and a site that
    is alone has all places, because objects that are stored together are synced together.
    """

    def __init__(self, places: int, shared: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._places, self._shared, self._clock = places, shared, clock
        self._waiting: dict[str, deque[threading.Event]] = {}
        self._inside: Counter[str] = Counter()
        self._seen: dict[str, float] = {}
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
            now = self._clock()
            return now - next(iter(self._begun.values()), now)

    @contextmanager
    def of(self, site: str, seconds: float) -> Iterator[None]:
        """A place, when it is this site's turn. Raises NoTurn when it does not come for so long."""
        if not self._entered(site, seconds):
            raise NoTurn("no turn")
        turn = object()
        with self._lock:
            self._begun[turn] = self._clock()
        try:
            yield
        finally:
            self._leave(site, turn)

    def _entered(self, site: str, seconds: float) -> bool:
        with self._lock:
            self._seen[site] = self._clock()
            mine = threading.Event()
            self._waiting.setdefault(site, deque()).append(mine)
            self._let_in()
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

    def _leave(self, site: str, turn: object) -> None:
        with self._lock:
            del self._begun[turn]
            self._inside[site] -= 1
            self._seen[site] = self._clock()
            self._let_in()

    def _let_in(self) -> None:
        """Give away what places there are, each to the first of the site that waits longest for its turn."""
        most = self._most_of_a_site()
        while self._inside.total() < self._places:
            site = next((site for site in self._waiting if self._inside[site] < most), None)
            if site is None:
                return
            queue = self._waiting.pop(site)
            queue.popleft().set()
            self._inside[site] += 1
            if queue:
                self._waiting[site] = queue

    def _most_of_a_site(self) -> int:
        since = self._clock() - LATELY
        self._seen = {
            site: seen
            for site, seen in self._seen.items()
            if seen > since or self._inside[site] or site in self._waiting
        }
        return self._places if len(self._seen) < 2 else max(1, self._shared // len(self._seen))
