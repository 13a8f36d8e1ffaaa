"""Whose turn it is to store: sites one after the other, however many associations each of them has."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.outcome import Transient

LATELY = 1.0
"""Seconds after its last object that a sender is still counted among those who send; and after which an object is a
large one, or the store a slow one, which must not hold up the others."""


class NoTurn(Transient):
    """The store is so slow that none came in time."""


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    sender: str
    begun: float


class Turns:
    """At most `places` threads at a time, and not many more than `shared` while several senders send.

    A sender is a site, or what it imports. Who has none of his objects inside comes in at once, while there are places.
    Who has, waits in a queue of his own, and a place goes to the senders in turn. So a site with one association does
    not share with every association of another one, but with the few that are let in; and a site that is alone has all
    places, because objects that are stored together are synced together.
    """

    def __init__(self, places: int, shared: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._places, self._shared, self._clock = places, shared, clock
        self._waiting: dict[str, deque[threading.Event]] = {}
        self._inside: Counter[str] = Counter()
        self._seen: dict[str, float] = {}
        self._taken: set[_Place] = set()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._lock:
            return sum(len(queue) for queue in self._waiting.values())

    @property
    def free(self) -> int:
        """How many places nobody has."""
        with self._lock:
            return self._places - self._inside.total()

    @property
    def oldest(self) -> float:
        """Seconds that somebody has had his place, who has had it for longest; 0 when nobody has one."""
        with self._lock:
            now = self._clock()
            return max((now - place.begun for place in self._taken), default=0.0)

    @contextmanager
    def of(self, sender: str, seconds: float) -> Iterator[None]:
        """A place, when it is this sender's turn. Raises NoTurn when it does not come for so long."""
        if not self._entered(sender, seconds):
            raise NoTurn("no turn")
        with self._lock:
            place = _Place(sender, self._clock())
            self._taken.add(place)
        try:
            yield
        finally:
            self._leave(place)

    def _entered(self, sender: str, seconds: float) -> bool:
        with self._lock:
            self._seen[sender] = self._clock()
            mine = threading.Event()
            self._waiting.setdefault(sender, deque()).append(mine)
            self._let_in()
        return mine.wait(seconds) or not self._gave_up(sender, mine)

    def _gave_up(self, sender: str, mine: threading.Event) -> bool:
        """Whether he is no more in the queue; False when his turn came at the last moment."""
        with self._lock:
            if mine.is_set():
                return False
            queue = self._waiting[sender]
            queue.remove(mine)
            if not queue:
                del self._waiting[sender]
            return True

    def _leave(self, place: _Place) -> None:
        with self._lock:
            self._taken.remove(place)
            self._inside[place.sender] -= 1
            self._seen[place.sender] = self._clock()
            self._let_in()

    def _let_in(self) -> None:
        """Give away what places there are, each to the first of the sender that waits longest for his turn."""
        while self._inside.total() < self._places:
            shares = self._inside.total() - self._old() < self._most()
            sender = next((one for one in self._waiting if shares or not self._inside[one]), None)
            if sender is None:
                return
            queue = self._waiting.pop(sender)
            queue.popleft().set()
            self._inside[sender] += 1
            if queue:
                self._waiting[sender] = queue

    def _old(self) -> int:
        """Of the places that are taken, those that have been for long."""
        since = self._clock() - LATELY
        return sum(place.begun < since for place in self._taken)

    def _most(self) -> int:
        since = self._clock() - LATELY
        self._seen = {
            one: seen for one, seen in self._seen.items() if seen > since or self._inside[one] or one in self._waiting
        }
        return self._places if len(self._seen) < 2 else self._shared
