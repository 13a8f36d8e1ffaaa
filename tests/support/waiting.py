"""Waits for something to become true, and says what did not."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(probe: Callable[[], Found], what: str, seconds: float = 30.0, every: float = 0.2) -> Found:
    """The first true answer of `probe`. AssertionError names `what` after `seconds`, and the last answer."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}; last seen: {found!r}")
        time.sleep(every)
