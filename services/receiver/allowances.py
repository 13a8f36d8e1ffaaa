"""How much of what a site sends is near its turn: the rest goes on by the lane for bulk, in nobody's way."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from shared.sites import Site


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Allowances:
    """A bucket of instances for each site, which fills all the time; thread-safe.

    Each process of a crew has an equal part of it: a site with one association has just that part.
    """

    def __init__(
        self, burst: int, per_second: float, processes: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Where the sites file says nothing: `burst` instances fill a bucket, and it fills `per_second`."""
        self._burst, self._per_second, self._processes, self._clock = burst, per_second, processes, clock
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def has(self, site: Site) -> bool:
        """Whether one more is within what the site may have in the live lane. Then it is taken."""
        burst, per_second = self._of(site)
        with self._lock:
            now = self._clock()
            bucket = self._buckets.setdefault(site.code, _Bucket(burst, now))
            bucket.left = min(burst, bucket.left + (now - bucket.at) * per_second)
            bucket.at = now
            if bucket.left < 1:
                return False
            bucket.left -= 1
            return True

    def _of(self, site: Site) -> tuple[float, float]:
        live = site.live
        burst, per_second = (live.burst, live.per_second) if live else (self._burst, self._per_second)
        # Of a very small one each process has an instance all the same.
        return max(1.0, burst / self._processes), per_second / self._processes
