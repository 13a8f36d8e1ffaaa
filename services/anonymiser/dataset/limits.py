"""How far reading goes, and how it says no."""

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
    """What reading one object may cost at most.

    `depth`: sequences within each other. `elements`: elements, items and fragments in all; a functional group per
    frame with a vendor's own elements has 250, and there are 8,000 frames in a long series. `value_bytes`: of one value
    that is copied (see tree.BULK_BYTES). `inflated_bytes`: of a deflated data set, whatever its size; beyond
    `freely_inflated_bytes` also no more than `inflation_ratio` times its size (masks of few pixels do inflate a
    hundredfold). `reference_bytes`: of a data set that the walker leaves to the reference, which copies it. `seconds`:
    for each of the two.
    """

    depth: int = 32
    elements: int = 2_000_000
    value_bytes: int = 2**24
    inflated_bytes: int = 2**30
    freely_inflated_bytes: int = 2**26
    inflation_ratio: int = 100
    reference_bytes: int = 2**27
    seconds: float = 30.0


LIMITS = Limits()
