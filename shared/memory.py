"""What a process does about its memory when everything is loaded and before it works."""

import ctypes
import gc
from contextlib import suppress

_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1
"""Of glibc's mallopt(3)."""
_ARENAS = 2
_LARGE = 256 * 1024
"""Bytes that are mapped by themselves, and go back to the system when they are freed."""
_SPARE = 4 * 1024 * 1024
"""Bytes at the end of the heap that are kept."""


def settle() -> None:
    """Leave what is loaded by now to no collector, which would look at all of it again and again, for a tenth of the
    receiver's time; and have threads share their heaps: glibc gives each of many one that hardly ever shrinks."""
    gc.collect()
    gc.freeze()
    with suppress(AttributeError):  # another C library, which has other ways
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in ((_ARENA_MAX, _ARENAS), (_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _SPARE)):
            mallopt(option, value)
