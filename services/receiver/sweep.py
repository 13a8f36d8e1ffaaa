"""Publishes what was stored and not published, behind what is live: the receiver died between the two, or the broker
has lost the event."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from services.receiver.arrivals import Arrivals, Occupied
from services.receiver.ends import Ends
from services.receiver.handler import PATIENCE, Publishes, output_of
from services.receiver.journal import Journal
from shared import metrics, telemetry
from shared.dicom import part10
from shared.dicom.raw_object import Arrived, arrived
from shared.outcome import Transient
from shared.storage import ORPHANED, Listed, ObjectNotFound, Store, read_back
from shared.telemetry import Attribute

log = telemetry.logger("receiver")


class Found(StrEnum):
    """What one look at an object came to."""

    KNOWN = "known"
    PUBLISHED = "published"
    DAMAGED = "damaged"
    """It was announced, so its sender has been told that it is safe."""
    TORN = "torn"
    """It was not: its sender still has it."""
    GONE = "gone"
    OCCUPIED = "occupied"
    """An association brings the same, or hangs with it: the next sweep looks again."""


def again_and_again(look: Callable[[], object], seconds: float, stop: threading.Event) -> None:
    """Look until `stop`, with so many seconds between; store or broker may be away for a while."""
    while not stop.is_set():
        try:
            look()
        except Transient as away:
            log.warning("sweep-waits", reason=str(away))
        except Exception as failed:
            log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])
        stop.wait(seconds)


class Sweep:
    """One look at all raw objects after the other. Who is about to publish one is given a time of grace."""

    def __init__(
        self,
        *,
        identified: Store,
        broker: Publishes,
        arrivals: Arrivals,
        journal: Journal,
        grace: timedelta,
        stop: threading.Event,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._identified = identified
        self._broker = broker
        self._arrivals = arrivals
        self._journal = journal
        self._grace = grace
        self._stop = stop
        self._clock = clock
        self._published = metrics.counter("isocentre_sweep_published_total")
        self._spoilt: set[Listed] = set()
        self._gauges = {
            Found.DAMAGED: metrics.gauge("isocentre_sweep_damaged_objects"),
            Found.TORN: metrics.gauge("isocentre_sweep_torn_objects"),
        }
        self._ended = metrics.gauge("isocentre_sweep_last_timestamp_seconds")

    def run_once(
        self,
        ended: Ends | None = None,
        since: float = 0.0,
    ) -> Counter[Found]:
        """Aborts what the dead have left unfinished, then looks at each object, or at fewer when told to `stop`.

        `ended`: what it knows no end of is published again; all has ended unless it is given. `since`: Unix time after
        which the topic has been read to its end; what was noted before and was not in it is published again too.
        Raises Transient when store or broker are away, or it is told to stop while it reads an object.
        """
        began, before = time.monotonic(), self._clock() - self._grace
        orphans = self._identified.abort_orphans(ORPHANED)
        seen: Counter[Found] = Counter()
        for each in self._identified.listed():
            if self._stop.is_set():
                break
            of = arrived(each.key)
            if of is not None and each.modified < before:
                seen[self._settle(of, each, ended, since)] += 1
        for found, gauge in self._gauges.items():
            gauge.set(seen[found])
        self._ended.set(self._clock().timestamp())
        counts = {found.value: seen[found] for found in Found}
        log.info("swept", seconds=round(time.monotonic() - began, 1), orphans=orphans, **counts)
        return seen

    def _settle(self, of: Arrived, listed: Listed, ended: Ends | None, since: float) -> Found:
        def done() -> bool:
            if self._arrivals.missing(of.site, of.digest, since):
                return False
            return ended is None or ended.has(self._journal.arrival(of))

        # First without waiting for an association that brings the same.
        if done():
            return Found.KNOWN
        try:
            with self._arrivals.alone(of.site, of.digest, PATIENCE):
                found = Found.KNOWN if done() else self._look_at(of, listed)
        except ObjectNotFound:
            return Found.GONE
        except Occupied:
            return Found.OCCUPIED
        if ended is not None and found is Found.PUBLISHED:
            ended.goes_again(self._journal.arrival(of))
        return found

    def _look_at(self, of: Arrived, listed: Listed) -> Found:
        """Reads it, unless it was found spoilt and is the same: that may take long, and others need the disk."""
        if listed in self._spoilt:
            return self._spoiled(of)
        found = read_back.whole(self._identified, listed.key, of.digest, self._stop)
        if found is None:
            self._spoilt.add(listed)
            return self._spoiled(of)
        return self._publish(of, listed, *found)

    def _publish(self, of: Arrived, listed: Listed, head: bytes, meta: part10.Meta) -> Found:
        # Read it can be, and be gone with the next power cut: he who stored it may have died, or heard that he failed.
        self._identified.secure(listed.key)
        event = self._journal.event(of, meta, head, listed.size, listed.modified)
        attributes = {Attribute.SITE: of.site, Attribute.ARRIVAL: event.arrival}
        with telemetry.span("sweep", attributes=attributes) as span:
            self._arrivals.doubt(of.site, of.digest, event.sop_instance_uid)
            self._broker.publish(output_of(event, event.received_at, span))
        self._arrivals.add(of.site, of.digest, meta.sop_instance_uid)
        self._published.labels(of.site).inc()
        return Found.PUBLISHED

    def _spoiled(self, of: Arrived) -> Found:
        """Published, it would keep out the whole one: whoever sends that replaces this."""
        arrival = self._journal.arrival(of)
        if self._arrivals.damaged(of.site, of.digest):
            log.error("object-damaged", site=of.site, arrival=arrival)
            return Found.DAMAGED
        log.warning("object-torn", site=of.site, arrival=arrival)
        return Found.TORN
