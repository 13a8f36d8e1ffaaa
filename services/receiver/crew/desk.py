"""How many associations are open, in all and of each site, over all worker processes."""

import threading
from collections import Counter
from typing import Protocol


class Admits(Protocol):
    """Who counts what is open."""

    def admit(self, association: str, site: str, most: int | None) -> bool:
        """Whether one more may be open, of which the site may have `most`; it is counted then."""
        ...

    def leave(self, association: str) -> None:
        """It is open no more."""
        ...


class Desk:
    """Counts. `most`: how many may be open at the same time; of each site no more than `share` of them (0 to 1), unless
    the sites file gives it a number of its own: one site alone cannot take all places."""

    def __init__(self, most: int, share: float = 1.0) -> None:
        self._most, self._most_of_site = most, max(1, int(most * share))
        self._open: dict[str, str] = {}
        self._lock = threading.Lock()
        self.closed = False

    def admit(self, association: str, site: str, most: int | None) -> bool:
        with self._lock:
            held = sum(other == site for other in self._open.values())
            free = not self.closed and len(self._open) < self._most
            if not free or held >= (self._most_of_site if most is None else most):
                return False
            self._open[association] = site
            return True

    def leave(self, association: str) -> None:
        with self._lock:
            self._open.pop(association, None)

    def counts(self) -> Counter[str]:
        """How many are open, by site."""
        with self._lock:
            return Counter(self._open.values())


class Part:
    """What one worker has open at the desk. Once it is `given_back`, nothing more is let in: whatever the dead worker
    had asked yet would never leave."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open: set[str] = set()
        self._lock = threading.Lock()
        self._over = False

    def admit(self, association: str, site: str, most: int | None) -> bool:
        with self._lock:
            admitted = not self._over and self._desk.admit(association, site, most)
            if admitted:
                self._open.add(association)
            return admitted

    def leave(self, association: str) -> None:
        with self._lock:
            self._open.discard(association)
            self._desk.leave(association)

    def give_back(self) -> None:
        """Nothing is open there any more."""
        with self._lock:
            self._over = True
            for association in self._open:
                self._desk.leave(association)
            self._open.clear()
