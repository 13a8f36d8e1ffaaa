"""What a brake is told from outside, and how long it waits (pure)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.events import Ground

WaitsFor = Literal["probe", "person"]

LONGEST_PAUSE = timedelta(hours=1)
MENDED: tuple[Ground, ...] = ("rules-changed", "cause-gone")
"""After a release for these, the same share again is as unlikely as before. For others it is what is ordinary here."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`floor`: records that fail for one reason before anything is thought of it; 0 switches the brake off.

    `window`: records that are looked at. `waits_for`: whether probes may end it, or only a person. `pause`: before the
    first probe; each that fails doubles it.
    """

    floor: int = 100
    window: int = 200
    waits_for: WaitsFor = "probe"
    pause: timedelta = timedelta(seconds=60)

    def next_probe(self, now: datetime, failed: int) -> datetime | None:
        """When to probe after so many probes that failed; None: never."""
        if self.waits_for == "person":
            return None
        return now + min(self.pause * 2.0 ** min(failed, 20), max(LONGEST_PAUSE, self.pause))
