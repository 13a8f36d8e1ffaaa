"""When the next study may be asked for: at night if need be, and no faster than the archive can bear."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from shared.misconfigured import Misconfigured

_WINDOW = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")
STEP = 60.0
"""Seconds of a wait at most, before the clock is looked at again: it may have been set, or the machine have slept."""


@dataclass(frozen=True, slots=True)
class Window:
    """Hours in which archives may be asked, of the local clock; over midnight when they end before they begin."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Window:
        """`20:00-06:00`. Raises Misconfigured."""
        match = _WINDOW.fullmatch(text.strip())
        if match is None:
            raise Misconfigured(f"{text}: hours are written as 20:00-06:00")
        hours = [int(part) for part in match.groups()]
        window = cls(time(hours[0], hours[1]), time(hours[2], hours[3]))
        if window.begin == window.end:
            raise Misconfigured(f"{text} is no time at all")
        return window

    def opens_in(self, now: datetime) -> float:
        """Seconds until it opens; 0 when it is open."""
        at = now.time()
        over_midnight = self.begin > self.end
        inside = at >= self.begin or at < self.end if over_midnight else self.begin <= at < self.end
        if inside:
            return 0.0
        opening = now.replace(hour=self.begin.hour, minute=self.begin.minute, second=0, microsecond=0)
        if opening <= now:
            opening += timedelta(days=1)
        return (opening - now).total_seconds()


@dataclass(slots=True)
class Pace:
    """`studies` a minute and `instances` a second at most; None: as fast as it goes. `pause` ends early when told to
    stop."""

    window: Window | None = None
    studies: float | None = None
    instances: float | None = None
    stop: threading.Event | None = None
    clock: Callable[[], datetime] = lambda: datetime.now().astimezone()
    pause: Callable[[float], object] | None = None
    _next: datetime | None = None

    def opened(self, told: Callable[[float], None] = lambda _: None) -> bool:
        """Wait until the window is open; False when told to stop meanwhile. `told`: of the seconds, once."""
        first = True
        while not self._stopped:
            seconds = self.window.opens_in(self.clock()) if self.window else 0.0
            if not seconds:
                return True
            if first:
                told(seconds)
            first = False
            self._pause(min(seconds, STEP))
        return False

    def turn(self, told: Callable[[float], None] = lambda _: None) -> bool:
        """Wait until the next study may begin, within the window; False when told to stop meanwhile."""
        while self.opened(told):
            now = self.clock()
            seconds = (self._next - now).total_seconds() if self._next else 0.0
            if seconds <= 0:
                self._next = now + timedelta(seconds=60 / self.studies) if self.studies else None
                return True
            self._pause(min(seconds, STEP))
        return False

    def took(self, instances: int, seconds: float) -> None:
        """So many came in that time: the next study waits until they would have come at the rate that is allowed."""
        if self.instances:
            due = self.clock() + timedelta(seconds=max(0.0, instances / self.instances - seconds))
            self._next = max(due, self._next) if self._next else due

    @property
    def _stopped(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    def _pause(self, seconds: float) -> None:
        if self.pause is not None:
            self.pause(seconds)
        else:
            (self.stop or threading.Event()).wait(seconds)
