"""How much may be in hand at once: records wait until they fit."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.events import Event


class Load:
    """What records weigh, in bytes, and the `limit` of what is carried in all. Thread-safe.

    First come, first served, so that what is large does get its turn. What is larger than all goes alone.
    """

    def __init__(self, limit: int, weigh: Callable[[Event], int]) -> None:
        self._limit = limit
        self._weigh = weigh
        self._carried = 0
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def carried(self) -> int:
        """Bytes."""
        return self._carried

    @property
    def waiting(self) -> int:
        """Records that do not fit yet."""
        return len(self._waiting)

    @contextmanager
    def carrying(self, event: Event) -> Iterator[None]:
        """Around the handling of `event`; begins as soon as it fits."""
        weight = self._weigh(event)
        turn = object()
        with self._changed:
            self._waiting.append(turn)
            self._changed.wait_for(lambda: self._waiting[0] is turn and self._fits(weight))
            self._waiting.popleft()
            self._carried += weight
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._carried -= weight
                self._changed.notify_all()

    def _fits(self, weight: int) -> bool:
        return not self._carried or self._carried + weight <= self._limit
