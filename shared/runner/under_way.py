"""Which records are being handled at this moment, and for how long."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from shared.runner.suspects import Place

LONGEST = 1.0
"""Seconds that count between two looks: a process that was stopped meanwhile (SIGSTOP, a machine that slept) has not
worked on anything."""


class UnderWay:
    """Threads say what they begin and end; the runner's loop looks, and by its looking the time goes on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looked = clock()
        self._worked = 0.0
        self._begun: dict[Place, float] = {}

    @contextmanager
    def handling(self, places: Sequence[Place]) -> Iterator[None]:
        """Around the handling of these."""
        begun = self._worked
        for place in places:
            self._begun[place] = begun
        try:
            yield
        finally:
            for place in places:
                del self._begun[place]

    def late(self, seconds: float) -> list[Place]:
        """Those that have been under way for longer."""
        now = self._clock()
        self._worked += min(now - self._looked, LONGEST)
        self._looked = now
        return [place for place, begun in list(self._begun.items()) if self._worked - begun > seconds]
