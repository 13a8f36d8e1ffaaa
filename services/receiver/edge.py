"""Accepts connections, and serves each as an association in a thread of its own. Knows no stores and no brokers."""

import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from services.receiver.handler import Answer, Arriving
from services.receiver.syntaxes import TAKEN
from services.receiver.upper import negotiation
from services.receiver.upper.association import Accepted, Association, Context, End
from services.receiver.upper.command import OUT_OF_RESOURCES, SUCCESS, Request
from services.receiver.upper.landing import Landed, Landing
from services.receiver.upper.pdu import CALLED_UNKNOWN, CALLING_UNKNOWN, LIMIT_REACHED, Abort, Rejection
from services.receiver.upper.wire import Wire
from shared import metrics, telemetry
from shared.dicom import part10
from shared.outcome import Reason
from shared.sites import Lane, Site, Sites
from shared.telemetry import Attribute

log = telemetry.logger("receiver")

ARTIM, IDLE = 30.0, 60.0
"""Seconds that a peer may take to ask for an association or to close, and to say something within one."""
NOBODY = "unknown"
"""Site label of those who are not in the sites file."""
_LAST_ANSWER = 20.0
"""Seconds: what has landed is answered before its association ends, and a store may take its time."""
_QUEUE = 128
"""Connections that wait to be accepted."""


class Edge:
    """Answers C-ECHO and C-STORE on one port."""

    def __init__(
        self,
        sites: Sites,
        receive: Callable[[Arriving, telemetry.Span], Answer],
        associations: int,
        landing: Callable[[], Landing],
    ) -> None:
        """`associations`: how many may be open at the same time; more are rejected as a local limit (2/3/2)."""
        self.sites, self.receive = sites, receive
        self.meters = Meters()
        self.draining = self.ending = False
        self._landing = landing
        self._most = associations
        self._socket: socket.socket | None = None
        self._visits: set[Visit] = set()
        self._lock = threading.Condition()

    def start(self, host: str, port: int) -> None:
        """Listen; returns at once."""
        self._socket = socket.create_server((host, port), backlog=_QUEUE)
        threading.Thread(target=self._accept, name="accept", daemon=True).start()

    def drain(self, seconds: float) -> None:
        """Stop listening, let the open associations end by themselves for so long, then end them."""
        self.draining = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
        with self._lock:
            self._lock.wait_for(lambda: not self._visits, seconds)
            self.ending = True
            for visit in self._visits:
                visit.end()
            self._lock.wait_for(lambda: not self._visits, _LAST_ANSWER)

    def admit(self, visit: "Visit") -> bool:
        """Whether one more association may be open: `visit` is, then."""
        with self._lock:
            visit.open = not self.draining and sum(other.open for other in self._visits) < self._most
        return visit.open

    def _accept(self) -> None:
        assert self._socket is not None
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                if self.draining:
                    return
                time.sleep(0.1)  # no file descriptors left, say: who is inside will go
                continue
            visit = Visit(self, connection, self._landing())
            with self._lock:
                self._visits.add(visit)
            threading.Thread(target=self._serve, args=(visit,), name="association", daemon=True).start()

    def _serve(self, visit: "Visit") -> None:
        try:
            visit.run()
        finally:
            with self._lock:
                self._visits.discard(visit)
                self._lock.notify_all()


class Meters:
    """The receiver's metrics; they are there, at zero, before anybody comes."""

    def __init__(self) -> None:
        self.open = metrics.gauge("isocentre_receive_open_associations")
        self.asked = metrics.counter("isocentre_receive_associations_total")
        self.instances = metrics.counter("isocentre_receive_instances_total")
        self.bytes = metrics.counter("isocentre_receive_bytes_total")
        self.seconds = metrics.histogram("isocentre_receive_seconds")


class Visit:
    """One connection: who it is, and what he brings."""

    def __init__(self, edge: Edge, connection: socket.socket, landing: Landing) -> None:
        self.open = False
        self._edge = edge
        self._connection = connection
        self._landing = landing
        self._site: Site | None = None
        self._lane: Lane = "live"
        self._id = secrets.token_hex(8)
        self._meters = edge.meters

    def run(self) -> None:
        """Until it ends."""
        association = Association(Wire(self._connection, ARTIM), self, self._landing, artim=ARTIM, idle=IDLE)
        try:
            self._closed(association.run())
        except Exception as failed:
            log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])
            self._closed(End.ABORTED)

    def end(self) -> None:
        """Hear no more from him. What he has sent as a whole is answered yet."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RD)

    @property
    def draining(self) -> bool:
        """Whether the association is to end at the next instance."""
        return self._edge.ending

    # --- association

    def requested(self, request: bytes) -> Accepted | Rejection | Abort:
        """Whether we let him in, and on what terms."""
        proposal = negotiation.read(request)
        if isinstance(proposal, Rejection | Abort):
            return self._refused(NOBODY, "rejected", proposal)
        self._site = self._edge.sites.find(proposal.called, proposal.calling)
        if self._site is None:
            known = self._edge.sites.serves(proposal.called)
            return self._refused(NOBODY, Reason.UNKNOWN_AE_TITLE, CALLING_UNKNOWN if known else CALLED_UNKNOWN)
        if not self._edge.admit(self):
            return self._refused(self._site.code, "rejected", LIMIT_REACHED)
        self._lane = self._site.lane(proposal.called)
        self._meters.asked.labels(self._site.code, "accepted").inc()
        self._meters.open.labels(self._site.code).inc()
        log.info("association-accepted", site=self._site.code, association=self._id)
        return negotiation.accept(proposal, TAKEN)

    def _refused(self, site: str, result: str, answer: Rejection | Abort) -> Rejection | Abort:
        self._meters.asked.labels(site, result).inc()
        # The title itself may name a person or a room; who it is stands in the sender's own log.
        log.warning("association-refused", reason=result, site=site)
        return answer

    def _closed(self, end: End) -> None:
        if self.open and self._site:
            self.open = False
            self._meters.open.labels(self._site.code).dec()
            log.info("association-closed", site=self._site.code, association=self._id, end=end.value)

    # --- C-STORE

    def begins(self, request: Request, context: Context, landing: Landing) -> None:
        """It lands behind what makes a file of it, and counted into what tells arrivals apart."""
        syntax = context.transfer_syntax
        front = part10.front(syntax, request.sop_class_uid, request.sop_instance_uid)
        landing.begin(front, part10.digester(syntax))

    def stored(self, request: Request, context: Context, landed: Landed) -> int:
        """The status that is answered."""
        assert self._site is not None
        started = time.time_ns()
        attributes = {Attribute.SITE: self._site.code, Attribute.ASSOCIATION: self._id}
        with telemetry.span("C-STORE", "server", attributes=attributes, started_at=started) as span:
            answer = self._answer(_arriving(request, context, landed, self._site, self._lane, self._id), span)
            size = landed.size - landed.front
            self._tell(span, self._site, answer, size, (time.time_ns() - started) / 1e9)
        return answer.status

    def _answer(self, arriving: Arriving, span: telemetry.Span) -> Answer:
        try:
            return self._edge.receive(arriving, span)
        except Exception as failed:
            # Whatever it was, the sender keeps its copy and may try again.
            log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])
            return Answer(OUT_OF_RESOURCES, Reason.UNEXPECTED)

    def _tell(self, span: telemetry.Span, site: Site, answer: Answer, size: int, seconds: float) -> None:
        status, reason = f"{answer.status:04X}", answer.reason.value if answer.reason else ""
        span.set({Attribute.STATUS: status})
        if reason:
            span.set({Attribute.REASON: reason})
        if answer.status != SUCCESS:
            span.fail(reason)
        self._meters.instances.labels(site.code, status, reason).inc()
        self._meters.seconds.labels(site.code).observe(seconds, {"trace_id": span.trace_id})
        if answer.status == SUCCESS:
            self._meters.bytes.labels(site.code).inc(size)


def _arriving(
    request: Request, context: Context, landed: Landed, site: Site, lane: Lane, association: str
) -> Arriving:
    return Arriving(
        site=site,
        association=association,
        sop_class_uid=request.sop_class_uid,
        sop_instance_uid=request.sop_instance_uid,
        transfer_syntax_uid=context.transfer_syntax,
        landed=landed,
        lane=lane,
    )
