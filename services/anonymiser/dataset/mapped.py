"""Going once through a file that is mapped into memory, without keeping in memory what was passed."""

import mmap
from collections.abc import Iterator

import numpy as np

PIECE = 4 * 1024**2
"""Bytes."""
WINDOW = 16 * 1024**2
"""Bytes that may have been read before they are let go."""


class Progress:
    """Told of each view of `whole` that is handed out; the views before it are no longer needed then."""

    def __init__(self, whole: bytes | memoryview, window: int = WINDOW) -> None:
        self._window = window
        self._passed = self._reach = 0
        self._map = _mapped(whole)
        self._start = _address(whole) - _address(self._map) if self._map is not None else 0

    def to(self, end: int) -> None:
        """What lies before `end` (counted in `whole`) was handed out, and what before the last such call is over."""
        if self._map is not None and end - self._passed > self._window and self._reach > self._passed:
            first, last = self._start + self._passed, self._start + self._reach
            first += -first % mmap.PAGESIZE
            last -= last % mmap.PAGESIZE
            if last > first:
                self._map.madvise(mmap.MADV_DONTNEED, first, last - first)
            self._passed = self._reach
        self._reach = max(end, self._reach)


def pieces(whole: bytes | memoryview, size: int = PIECE) -> Iterator[memoryview]:
    """`whole` from its beginning to its end, for those who read all of it."""
    view, progress = memoryview(whole), Progress(whole)
    for start in range(0, len(view), size):
        progress.to(min(start + size, len(view)))
        yield view[start : start + size]


def _mapped(whole: bytes | memoryview) -> mmap.mmap | None:
    """The file behind a view, if it is one that can be read again."""
    if isinstance(whole, memoryview) and whole.readonly and isinstance(whole.obj, mmap.mmap) and len(whole):
        return whole.obj
    return None


def _address(buffer: bytes | memoryview | mmap.mmap | None) -> int:
    return int(np.frombuffer(buffer, np.uint8).ctypes.data) if buffer is not None else 0
