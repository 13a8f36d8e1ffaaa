"""The DICOM upper layer and DIMSE, by pynetdicom (its one home). Knows nothing of stores and brokers."""

import secrets
import time
from collections.abc import Callable
from typing import Any

from pydicom.uid import UID
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom._globals import ALL_TRANSFER_SYNTAXES

from services.receiver.handler import OUT_OF_RESOURCES, SUCCESS, Answer, Arriving
from shared import metrics, telemetry
from shared.dicom.constants import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from shared.outcome import Reason
from shared.sites import Site, Sites
from shared.telemetry import Attribute

log = telemetry.logger("receiver")

PDU_LENGTH = 128 * 1024
"""Bytes. Larger ones save nothing more, smaller ones cost a read each."""

VERIFICATION = UID("1.2.840.10008.1.1")

NOBODY = "unknown"
"""Site label of those who are not in the sites file."""

# A-ASSOCIATE-RJ, PS3.8 Table 9-21: rejected permanently by the service user.
REJECT_CALLING = (0x01, 0x01, 0x03)
REJECT_CALLED = (0x01, 0x01, 0x07)


class Edge:
    """Accepts associations and answers C-ECHO and C-STORE."""

    def __init__(self, sites: Sites, receive: Callable[[Arriving, telemetry.Span], Answer], associations: int) -> None:
        """`associations`: how many may be open at the same time; more are rejected as a local limit (2/3/2)."""
        self._sites = sites
        self._receive = receive
        self._open = metrics.gauge("isocentre_receive_open_associations")
        self._asked = metrics.counter("isocentre_receive_associations_total")
        self._instances = metrics.counter("isocentre_receive_instances_total")
        self._bytes = metrics.counter("isocentre_receive_bytes_total")
        self._seconds = metrics.histogram("isocentre_receive_seconds")
        self._ae = _application_entity(associations)
        self._server: Any = None

    def start(self, host: str, port: int) -> None:
        """Listen; returns at once."""
        handlers: list[Any] = [
            (evt.EVT_REQUESTED, self._on_requested),
            (evt.EVT_REJECTED, self._on_rejected),
            (evt.EVT_ESTABLISHED, self._on_established),
            (evt.EVT_CONN_CLOSE, self._on_closed),
            (evt.EVT_C_ECHO, lambda _: SUCCESS),
            (evt.EVT_C_STORE, self._on_store),
        ]
        self._server = self._ae.start_server((host, port), block=False, evt_handlers=handlers)

    def drain(self, seconds: float) -> None:
        """Stop listening, let the open associations end by themselves for so long, then abort them."""
        self._server.shutdown()
        until = time.monotonic() + seconds
        while self._ae.active_associations and time.monotonic() < until:
            time.sleep(0.05)
        self._ae.shutdown()

    # --- association

    def _on_requested(self, event: Any) -> None:
        request = event.assoc.requestor.primitive
        called, calling = request.called_ae_title or "", request.calling_ae_title or ""
        site = self._sites.find(called, calling)
        if site is not None:
            event.assoc.isocentre = (site, secrets.token_hex(8))
            _follow_their_order(event.assoc)
            return
        diagnostic = REJECT_CALLING if self._sites.serves(called) else REJECT_CALLED
        self._asked.labels(NOBODY, Reason.UNKNOWN_AE_TITLE).inc()
        # The title itself may name a person or a room; who it is stands in the sender's own log.
        log.warning("association-refused", reason=Reason.UNKNOWN_AE_TITLE)
        event.assoc.acse.send_reject(*diagnostic)
        event.assoc.kill()

    def _on_rejected(self, event: Any) -> None:
        site, association = event.assoc.isocentre
        self._asked.labels(site.code, "rejected").inc()
        log.warning("association-rejected", site=site.code, association=association)

    def _on_established(self, event: Any) -> None:
        site, association = event.assoc.isocentre
        self._asked.labels(site.code, "accepted").inc()
        self._open.labels(site.code).inc()
        event.assoc.isocentre_open = True
        log.info("association-accepted", site=site.code, association=association)

    def _on_closed(self, event: Any) -> None:
        if getattr(event.assoc, "isocentre_open", False):
            event.assoc.isocentre_open = False
            site, association = event.assoc.isocentre
            self._open.labels(site.code).dec()
            log.info("association-closed", site=site.code, association=association)

    # --- C-STORE

    def _on_store(self, event: Any) -> int:
        site, association = event.assoc.isocentre
        started = time.time_ns()
        attributes = {Attribute.SITE: site.code, Attribute.ASSOCIATION: association}
        with telemetry.span("C-STORE", "server", attributes=attributes, started_at=started) as span:
            data_set = b""
            try:
                arriving = _arriving(event, site, association)
                data_set = arriving.data_set
                answer = self._receive(arriving, span)
            except Exception as failed:
                # Whatever it was, the sender keeps its copy and may try again.
                log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])
                answer = Answer(OUT_OF_RESOURCES, Reason.UNEXPECTED)
            self._tell(span, site, answer, len(data_set), (time.time_ns() - started) / 1e9)
        return answer.status

    def _tell(self, span: telemetry.Span, site: Site, answer: Answer, size: int, seconds: float) -> None:
        status, reason = f"{answer.status:04X}", answer.reason.value if answer.reason else ""
        span.set({Attribute.STATUS: status})
        if reason:
            span.set({Attribute.REASON: reason})
        if answer.status != SUCCESS:
            span.fail(reason)
        self._instances.labels(site.code, status, reason).inc()
        self._seconds.labels(site.code).observe(seconds, {"trace_id": span.trace_id})
        if answer.status == SUCCESS:
            self._bytes.labels(site.code).inc(size)


def _arriving(event: Any, site: Site, association: str) -> Arriving:
    request = event.request
    return Arriving(
        site=site,
        association=association,
        sop_class_uid=str(request.AffectedSOPClassUID or ""),
        sop_instance_uid=str(request.AffectedSOPInstanceUID or ""),
        transfer_syntax_uid=str(event.context.transfer_syntax),
        data_set=event.encoded_dataset(include_meta=False),
    )


def _follow_their_order(association: Any) -> None:
    """Take the first transfer syntax that the sender proposes and we know, not the first of our own list.

    Senders put first what their files are in; any other choice makes them convert, and what arrives is then not
    what they have (implicit VR loses the VRs of private elements).
    """
    proposed: dict[str, list[UID]] = {}
    for context in association.requestor.primitive.presentation_context_definition_list:
        proposed.setdefault(str(context.abstract_syntax), []).extend(context.transfer_syntax)
    for context in association.acceptor.supported_contexts:
        theirs = proposed.get(str(context.abstract_syntax), [])
        known = [syntax for syntax in dict.fromkeys(theirs) if syntax in context.transfer_syntax]
        if known:
            context.transfer_syntax = known


def _application_entity(associations: int) -> AE:
    entity = AE("ISOCENTRE")
    entity.maximum_pdu_size = PDU_LENGTH
    entity.maximum_associations = associations
    entity.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.add_supported_context(VERIFICATION)
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(str(context.abstract_syntax), ALL_TRANSFER_SYNTAXES)
    return entity
