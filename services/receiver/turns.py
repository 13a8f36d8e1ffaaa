"""Whose turn it is to store: sites one after the other, however many associations each of them has."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """At most `places` threads at a time. Who waits, waits in the queue of his site; a free place goes to the sites in
    turn, so that a site with one association waits for one object of every other site, not of every association."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: dict[str, deque[threading.Event]] = {}
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._lock:
            return sum(len(queue) for queue in self._waiting.values())

    @contextmanager
    def of(self, site: str) -> Iterator[None]:
        """A place, when it is this site's turn."""
        self._enter(site)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, site: str) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Event()
            self._waiting.setdefault(site, deque()).append(mine)
        mine.wait()

    def _leave(self) -> None:
        """Hand the place on to the first of the site that waits longest for its turn."""
        with self._lock:
            site = next(iter(self._waiting), None)
            if site is None:
                self._free += 1
                return
            queue = self._waiting.pop(site)
            queue.popleft().set()
            if queue:
                self._waiting[site] = queue
