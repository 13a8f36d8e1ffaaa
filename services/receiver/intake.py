"""What every way in does around receiving an instance: a span, metrics, the account, and an answer whatever happens."""

import time
from collections.abc import Callable

from services.receiver.accounts import Account
from services.receiver.handler import Answer, Arriving
from shared import metrics, telemetry
from shared.dicom.statuses import (
    CANNOT_UNDERSTAND,
    CLASS_NOT_SUPPORTED,
    OUT_OF_RESOURCES,
    SUCCESS,
    UNRECOGNISED_OPERATION,
)
from shared.outcome import Reason
from shared.telemetry import Attribute

log = telemetry.logger("receiver")

NOBODY = "unknown"
"""Site label of those who are not in the sites file, or have not said who they are."""

_WITHOUT_DATA = {
    UNRECOGNISED_OPERATION: Reason.UNRECOGNISED_OPERATION,
    CLASS_NOT_SUPPORTED: Reason.CLASS_MISMATCH,
    CANNOT_UNDERSTAND: Reason.NO_DATA_SET,
}
"""Why a request was refused on which there was nothing to receive, by status."""


class Intake:
    """Thread-safe. Its metrics are there, at zero, before anybody comes."""

    def __init__(self, receive: Callable[[Arriving, telemetry.Span], Answer]) -> None:
        self._receive = receive
        self._instances = metrics.counter("isocentre_receive_instances_total")
        self._bytes = metrics.counter("isocentre_receive_bytes_total")
        self._seconds = metrics.histogram("isocentre_receive_seconds")

    def __call__(
        self, operation: str, arriving: Arriving, account: Account, within: telemetry.Span | None = None
    ) -> Answer:
        """The answer to the sender. `operation` names the span, which links to the one that it happens `within`."""
        attributes = {Attribute.SITE: arriving.site.code, Attribute.ASSOCIATION: arriving.association}
        links = [within] if within else []
        began = time.monotonic()
        with telemetry.span(operation, "server", attributes=attributes, links=links) as span:
            answer = self._answer(arriving, span)
            self._tell(span, arriving, answer, time.monotonic() - began)
        size = arriving.landed.size - arriving.landed.front
        account.count(answer.status, answer.reason, size, success=answer.status == SUCCESS)
        return answer

    def without_room(self, site: str, account: Account) -> Answer:
        """The answer for an instance that found no room on the disk, so that there is nothing to receive."""
        log.warning(Reason.NO_SPACE.value, site=site, association=account.association)
        return self._unreceived(OUT_OF_RESOURCES, Reason.NO_SPACE, site, account)

    def without_data(self, status: int, site: str, account: Account) -> Answer:
        """The same for a request that was refused with that status for what it is. Raises KeyError for other statuses
        than those of such."""
        return self._unreceived(status, _WITHOUT_DATA[status], site, account)

    def _unreceived(self, status: int, reason: Reason, site: str, account: Account) -> Answer:
        self._instances.labels(site, f"{status:04X}", reason.value).inc()
        account.count(status, reason, 0, success=False)
        return Answer(status, reason)

    def _answer(self, arriving: Arriving, span: telemetry.Span) -> Answer:
        try:
            return self._receive(arriving, span)
        except Exception as failed:
            # Whatever it was, the sender keeps its copy and may try again.
            log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])
            return Answer(OUT_OF_RESOURCES, Reason.UNEXPECTED)

    def _tell(self, span: telemetry.Span, arriving: Arriving, answer: Answer, seconds: float) -> None:
        site, status, reason = arriving.site.code, f"{answer.status:04X}", answer.reason or ""
        span.set({Attribute.STATUS: status})
        if reason:
            span.set({Attribute.REASON: reason})
        if answer.status != SUCCESS:
            span.fail(reason)
        self._instances.labels(site, status, reason).inc()
        self._seconds.labels(site).observe(seconds, {"trace_id": span.trace_id})
        if answer.status == SUCCESS:
            self._bytes.labels(site).inc(arriving.landed.size - arriving.landed.front)
