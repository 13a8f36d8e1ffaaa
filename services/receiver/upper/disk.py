"""Whether there is room on a disk, before there is none."""

import os
import time
from collections.abc import Callable
from pathlib import Path

_FRESH = 1.0
"""Seconds that an answer is good for."""


class Disk:
    """The disk under `folder`, of which `reserve` bytes are left to others: databases, broker, logs."""

    def __init__(self, folder: Path, reserve: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._reserve, self._clock = folder, reserve, clock
        self._asked = float("-inf")
        self._has_room = False

    @property
    def room(self) -> int:
        """Bytes free beyond the reserve, now; less than 0 when it is touched."""
        return self._free() - self._reserve

    def has_room(self) -> bool:
        """Whether more than the reserve is free; False as well when the disk cannot be asked."""
        now = self._clock()
        if now - self._asked >= _FRESH:
            self._has_room = self._free() > self._reserve
            self._asked = now
        return self._has_room

    def _free(self) -> int:
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return 0
        return found.f_bavail * found.f_frsize
