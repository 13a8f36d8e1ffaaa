"""Which arrivals somebody has ended for good: their bytes are deleted on purpose, and are no loss."""

import threading
from collections.abc import Callable, Iterable

from shared.events import Event, InstanceDecided

FOR_GOOD = ("discard", "expire")


class Ended:
    """Asked only where bytes are missing, so decisions are read when they are needed and not before. Thread-safe."""

    def __init__(self, read: Callable[[], Iterable[Event]]) -> None:
        """`read` gives all decisions that there are by now."""
        self._read = read
        self._lock = threading.Lock()
        self._arrivals: set[str] = set()

    def __call__(self, arrival: str) -> bool:
        """Whether `arrival` is one of them. Raises what `read` raises."""
        with self._lock:
            if arrival not in self._arrivals:
                self._arrivals.update(
                    event.arrival
                    for event in self._read()
                    if isinstance(event, InstanceDecided) and event.decision in FOR_GOOD
                )
            return arrival in self._arrivals
