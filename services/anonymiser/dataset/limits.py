"""How far reading and cleaning go, and how they say no."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from shared.outcome import Reason


class Unreadable(Exception):
    """There is no data set to be had from these bytes; `reason` is the verdict."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class BeyondLimits(Exception):
    """Readable perhaps, but not within our limits or means."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one object may cost at most.

    `depth`: sequences within each other. `elements`: elements, items and fragments in all; a functional group per
    frame with a vendor's own elements has 250, and there are 8,000 frames in a long series. `value_bytes`: of one value
    that is copied (see tree.BULK_BYTES). `inflated_bytes`: of a deflated data set, whatever its size; beyond
    `freely_inflated_bytes` also no more than `inflation_ratio` times its size (masks of few pixels do inflate a
    hundredfold). `reference_bytes`: of a data set that the walker leaves to the reference, which copies it. `seconds`:
    for each of the two. `cleaning_seconds`: for cleaning the elements and for the gate together; 8,000 such frames take
    a core five seconds, a report of 10,000 items 15. `pixel_seconds`: for all looks at the pixels of an object; a frame
    of 512 x 512 takes a quarter of a second. What is held for time on one machine may go through on another, but
    nothing else ever depends on it.
    """

    depth: int = 32
    elements: int = 2_000_000
    value_bytes: int = 2**24
    inflated_bytes: int = 2**30
    freely_inflated_bytes: int = 2**26
    inflation_ratio: int = 100
    reference_bytes: int = 2**27
    seconds: float = 30.0
    cleaning_seconds: float = 120.0
    pixel_seconds: float = 1800.0


LIMITS = Limits()


class Deadline:
    """When the time for something is over. `clock` tells seconds, from any beginning."""

    __slots__ = ("_clock", "_end")

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def check(self) -> None:
        """Raises BeyondLimits when the time is over."""
        if self._clock() > self._end:
            raise BeyondLimits


UNHURRIED = Deadline(math.inf)
