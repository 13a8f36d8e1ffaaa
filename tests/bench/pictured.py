"""When each instance had its picture, as a subscriber sees it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from shared.events import (
    IdentifiedInstanceQuarantined,
    InstanceReceived,
    InstanceReceivedInBulk,
    InstanceThumbnailed,
)
from shared.events.envelope import decode
from shared.kafka import end_offsets, tail
from tests.bench.side import Incomplete

ENDS = (InstanceThumbnailed, IdentifiedInstanceQuarantined)
TOPICS = tuple(model.topic for model in (InstanceReceived, InstanceReceivedInBulk, *ENDS))
PATIENCE = 300.0
"""Seconds in which one instance at least comes to its end."""


class Pictured(threading.Thread):
    """Reads which instances were received, and which have a picture; from when it is made until its block is left.

    Who is held has no picture and waits for none: under the keys of a fresh stack, digits that are random may look like
    those of a patient once in thousands of instances. How many those are is told.
    """

    def __init__(self, bootstrap: str, patience: float = PATIENCE) -> None:
        super().__init__(name="pictured", daemon=True)
        self.received: Counter[str] = Counter()
        self.in_bulk: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.held = 0
        self._names: dict[str, str] = {}
        self._times: dict[str, float] = {}
        self._servers = bootstrap
        self._patience = patience
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
        elif isinstance(event, ENDS):
            self.ended[event.site] += 1
            self.held += isinstance(event, IdentifiedInstanceQuarantined)
            self._times[event.arrival] = now

    def left(self, site: str) -> int:
        """How many of a site's instances are received and have not come to their end."""
        return self.received[site] - self.ended[site]

    def times(self, sops: Iterable[str]) -> list[float]:
        """When they came to their ends, by `time.monotonic`. Raises Incomplete."""
        wanted = list(sops)
        self._until(lambda: all(self._names.get(sop) in self._times for sop in wanted), "all of the small site's")
        return [self._times[self._names[sop]] for sop in wanted]

    def wait_for(self, site: str, count: int) -> None:
        """Return when so many of a site have come to their end. Raises Incomplete."""
        self._until(lambda: self.ended[site] >= count, f"{count} of {site}")

    def _until(self, done: Callable[[], bool], what: str) -> None:
        ended, since = 0, time.monotonic()
        while not done():
            if (now := self.ended.total()) > ended:
                ended, since = now, time.monotonic()
            elif time.monotonic() - since >= self._patience:
                raise Incomplete(f"for {self._patience:.0f} s nothing came to its end, and there are not: {what}")
            time.sleep(0.05)
