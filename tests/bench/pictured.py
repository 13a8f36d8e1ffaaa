"""When each instance had its picture, as a subscriber sees it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from shared.events import InstanceReceived, InstanceReceivedInBulk, InstanceThumbnailed
from shared.events.envelope import decode
from shared.kafka import end_offsets, tail
from tests.bench.side import Incomplete

TOPICS = (InstanceReceived.topic, InstanceReceivedInBulk.topic, InstanceThumbnailed.topic)


class Pictured(threading.Thread):
    """Reads which instances were received, and which have a picture; from when it is made until its block is left."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(name="pictured", daemon=True)
        self.received: Counter[str] = Counter()
        self.in_bulk: Counter[str] = Counter()
        self.pictured: Counter[str] = Counter()
        self._names: dict[str, str] = {}
        self._times: dict[str, float] = {}
        self._servers = bootstrap
        self._begin = end_offsets(bootstrap, TOPICS)
        self._over = threading.Event()

    def __enter__(self) -> "Pictured":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        for records in tail(self._servers, TOPICS, self._begin):
            if self._over.is_set():
                return
            now = time.monotonic()
            for record in records:
                self.take(decode(record.topic, record.value, record.headers), now)

    def take(self, event: object, now: float) -> None:
        """What one record said, and when it was read."""
        if isinstance(event, InstanceReceived):
            self.received[event.site] += 1
            self.in_bulk[event.site] += isinstance(event, InstanceReceivedInBulk)
            self._names[event.sop_instance_uid] = event.arrival
        elif isinstance(event, InstanceThumbnailed):
            self.pictured[event.site] += 1
            self._times[event.arrival] = now

    def left(self, site: str) -> int:
        """How many of a site's instances are received and have no picture yet."""
        return self.received[site] - self.pictured[site]

    def times(self, sops: Iterable[str], seconds: float) -> list[float]:
        """When they had their pictures, by `time.monotonic`. Raises Incomplete when that takes longer."""
        wanted = list(sops)
        _until(
            lambda: all(self._names.get(sop) in self._times for sop in wanted), seconds, "pictures of the small site"
        )
        return [self._times[self._names[sop]] for sop in wanted]

    def wait_for(self, site: str, count: int, seconds: float) -> None:
        """Return when so many pictures of a site are there. Raises Incomplete."""
        _until(lambda: self.pictured[site] >= count, seconds, f"{count} pictures of {site}")


def _until(done: Callable[[], bool], seconds: float, what: str) -> None:
    latest = time.monotonic() + seconds
    while not done():
        if time.monotonic() > latest:
            raise Incomplete(f"after {seconds:.0f} s there are not: {what}")
        time.sleep(0.05)
