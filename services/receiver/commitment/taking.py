"""Takes requests for storage commitment: success means that the request is on the disk, and nothing more."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from services.receiver.commitment import asking
from services.receiver.commitment.asking import INVALID_ARGUMENT, RESOURCE_LIMITATION, Refused
from services.receiver.commitment.deciding import FailureReason
from services.receiver.commitment.docket import Docket
from services.receiver.upper.command import Request
from services.receiver.upper.landing import Landed
from shared import metrics, telemetry
from shared.dicom.statuses import SUCCESS
from shared.telemetry import Attribute

LARGEST = 4 * 1024 * 1024
"""Bytes of a request."""
_PATIENCE = 10.0
"""Seconds that one waits for its turn."""

log = telemetry.logger("receiver")


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """An N-ACTION as it came: of which site, on which association, under which called AE title."""

    site: str
    association: str
    called: str
    request: Request
    transfer_syntax_uid: str
    landed: Landed | None
    """None without a data set, or when the disk had no room for it."""


class Taking:
    """Thread-safe. One request at a time is read and written down: many at once could take all memory."""

    def __init__(self, docket: Docket, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._docket, self._clock, self._turn = docket, clock, threading.Lock()
        self._requests = metrics.counter("isocentre_commitment_requests_total")

    def __call__(self, action: ActionRequest, within: telemetry.Span | None) -> int:
        """The status of the answer. `within`: the association's span."""
        attributes = {Attribute.SITE: action.site, Attribute.ASSOCIATION: action.association}
        with telemetry.span("N-ACTION", "server", attributes=attributes, links=[within] if within else []) as span:
            status = self._taken(action, span)
            span.set({Attribute.STATUS: f"{status:04X}"})
        self._requests.labels(action.site, f"{status:04X}").inc()
        return status

    def _taken(self, action: ActionRequest, span: telemetry.Span) -> int:
        try:
            landed = _checked(action)
            with self._alone():
                number, count = self._kept(action, landed, span.traceparent)
        except Refused as refused:
            return refused.status
        except (sqlite3.Error, OSError) as failed:
            log.error("commitment-not-kept", site=action.site, error=type(failed).__name__)
            return FailureReason.PROCESSING
        span.set({Attribute.COMMITMENT: number})
        log.info("commitment-asked", commitment=number, site=action.site, instances=count)
        return SUCCESS

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """It is its turn within this block. Raises Refused when the others take too long."""
        if not self._turn.acquire(timeout=_PATIENCE):
            raise Refused(RESOURCE_LIMITATION)
        try:
            yield
        finally:
            self._turn.release()

    def _kept(self, action: ActionRequest, landed: Landed, trace: str) -> tuple[str, int]:
        """The request's id, and how many instances it is about."""
        with landed.open() as data_set:
            asked = asking.read(data_set, action.transfer_syntax_uid)
        return self._docket.add(action.site, action.called, asked, self._clock(), trace), len(asked.references)


def _checked(action: ActionRequest) -> Landed:
    """Its data set, which may be read. Raises Refused."""
    asking.check(action.request)
    if action.landed is None:
        raise Refused(RESOURCE_LIMITATION if action.request.data_set else INVALID_ARGUMENT)
    if action.landed.size > LARGEST:
        raise Refused(RESOURCE_LIMITATION)
    return action.landed
