"""Whether there is room on a disk for what is about to be written, before there is none."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_FRESH = 1.0
"""Seconds that an answer is good for."""


class Disk:
    """The disk under `folder`, of which `reserve` bytes are left to others: databases, broker, logs.

    Used by all threads of a process: what one was promised, another is not.
    """

    def __init__(self, folder: Path, reserve: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._reserve, self._clock = folder, reserve, clock
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._left = 0
        self._promised = 0

    @property
    def room(self) -> int:
        """Bytes free beyond the reserve, now; less than 0 when it is touched."""
        return self._free() - self._reserve

    @contextmanager
    def promised(self, size: int) -> Iterator[bool]:
        """Whether `size` bytes may be written within this block and more than the reserve is free then.

        False as well when the disk cannot be asked.
        """
        granted = self._take(size)
        try:
            yield granted
        finally:
            if granted:
                self._settle(size)

    def _take(self, size: int) -> bool:
        with self._lock:
            now = self._clock()
            if now - self._asked >= _FRESH or self._left - self._promised <= size:
                # What is promised may be written in part already. Then it counts twice, until it is kept.
                self._left, self._asked = self.room, now
            if self._left - self._promised <= size:
                return False
            self._promised += size
            return True

    def _settle(self, size: int) -> None:
        """It is written by now, or never will be: until the disk is asked again, it counts as written."""
        with self._lock:
            self._promised -= size
            self._left -= size

    def _free(self) -> int:
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return 0
        return found.f_bavail * found.f_frsize
