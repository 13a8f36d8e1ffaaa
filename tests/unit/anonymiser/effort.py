"""What a piece of work costs, told so that the machine and whoever else is on it do not matter much."""

import sys
import time
from collections.abc import Callable
from types import FrameType


def steps(work: Callable[[], object]) -> int:
    """Calls of functions and of what is built in, which are the same each time."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def seconds(work: Callable[[], object]) -> float:
    """Of processor time in this thread."""
    began = time.thread_time()
    work()
    return time.thread_time() - began
