"""Reads back what a site wants to be sure of, and protects from expiry what it is told that we keep."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from services.receiver.arrivals import Arrivals
from services.receiver.commitment.asking import Reference
from services.receiver.commitment.deciding import Copy, FailureReason, State, verdict
from services.receiver.commitment.docket import Open
from services.receiver.commitment.report import Result
from services.receiver.handler import Publishes, output_of
from services.receiver.journal import Journal
from shared import metrics, telemetry
from shared.dicom.raw_object import Arrived, key_of
from shared.events import InstanceCommitted
from shared.outcome import Transient
from shared.storage import ObjectNotFound, Store, read_back

log = telemetry.logger("receiver")


class Judging:
    """Thread-safe. `stop` ends it between two pieces of an object."""

    def __init__(
        self,
        *,
        identified: Store,
        broker: Publishes,
        arrivals: Arrivals,
        journal: Journal,
        stop: threading.Event,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._broker, self._arrivals = identified, broker, arrivals
        self._journal, self._clock, self._stop = journal, clock, stop
        self._instances = metrics.counter("isocentre_commitment_instances_total")
        self._damaged = metrics.counter("isocentre_commitment_damaged_total")

    def __call__(self, request: Open, days: int, span: telemetry.Span) -> Result:
        """Of each reference, why it is not committed. What is, does not expire for `days` after the request.

        Raises Transient when store or broker are away, or we end: nobody is told anything then.
        """
        until = request.at + timedelta(days=days)
        result = [self._one(request, reference, until, span) for reference in request.asked.references]
        for failure in result:
            self._instances.labels(request.site, f"{failure:04X}" if failure else "committed").inc()
        return result

    def _one(self, request: Open, reference: Reference, until: datetime, span: telemetry.Span) -> FailureReason | None:
        if self._stop.is_set():
            raise Transient("ending")
        if not self._store.durable:
            return FailureReason.PROCESSING
        digests = self._arrivals.of_instance(request.site, reference.sop_instance_uid)
        failure = verdict(reference.sop_class_uid, [self._read_back(request.site, digest) for digest in digests])
        if failure:
            return failure
        for digest in digests:
            self._protect(request, digest, until, span)
        # Who deletes asks before what is protected: what he took before that is not there any more.
        there = all(self._store.exists(key_of(request.site, digest)) for digest in digests)
        return None if there else FailureReason.NO_SUCH_INSTANCE

    def _read_back(self, site: str, digest: str) -> Copy:
        try:
            found = read_back.whole(self._store, key_of(site, digest), digest, self._stop)
        except ObjectNotFound:
            return Copy(State.MISSING)
        if found:
            return Copy(State.WHOLE, found[1].sop_class_uid)
        self._arrivals.damaged(site, digest)
        self._damaged.labels(site).inc()
        log.error("object-damaged", site=site, arrival=self._journal.arrival(Arrived(site, digest)))
        return Copy(State.DAMAGED)

    def _protect(self, request: Open, digest: str, until: datetime, span: telemetry.Span) -> None:
        event = InstanceCommitted(
            site=request.site,
            arrival=self._journal.arrival(Arrived(request.site, digest)),
            key=key_of(request.site, digest),
            commitment=request.id,
            until=until,
        )
        self._broker.publish(output_of(event, self._clock(), span))
