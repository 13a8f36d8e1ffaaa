"""Accepts connections, and serves each as an association in a thread of its own. Knows no stores and no brokers."""

import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from services.receiver.admission import Peer, Refusal, admit
from services.receiver.handler import Answer, Arriving
from services.receiver.syntaxes import taken
from services.receiver.tls import Identity
from services.receiver.upper import negotiation
from services.receiver.upper.association import Accepted, Association, Context, End
from services.receiver.upper.command import OUT_OF_RESOURCES, SUCCESS, Request
from services.receiver.upper.landing import Landed, Landing
from services.receiver.upper.pdu import LIMIT_REACHED, Abort, Rejection
from services.receiver.upper.tls_wire import Certificate, NoHandshake, TlsWire
from services.receiver.upper.wire import Closed, Silent, Wire
from shared import metrics, telemetry
from shared.dicom import part10
from shared.outcome import Reason
from shared.sites import Site, Sites
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
        sites: Callable[[], Sites],
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
        self._sockets: list[socket.socket] = []
        self._visits: set[Visit] = set()
        self._lock = threading.Condition()

    def start(self, host: str, port: int, secure: Callable[[], Identity] | None = None) -> None:
        """Listen, with TLS as who `secure` says; returns at once."""
        listening = socket.create_server((host, port), backlog=_QUEUE)
        self._sockets.append(listening)
        threading.Thread(target=self._accept, args=(listening, secure), name="accept", daemon=True).start()

    def drain(self, seconds: float) -> None:
        """Stop listening, let the open associations end by themselves for so long, then end them."""
        self.draining = True
        for listening in self._sockets:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
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

    def _accept(self, listening: socket.socket, secure: Callable[[], Identity] | None) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                if self.draining:
                    return
                time.sleep(0.1)  # no file descriptors left, say: who is inside will go
                continue
            visit = Visit(self, connection, secure, self._landing())
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
        self.expiry = metrics.gauge("isocentre_receive_certificate_expiry_seconds")


class Visit:
    """One connection: who it is, and what he brings."""

    def __init__(
        self, edge: Edge, connection: socket.socket, secure: Callable[[], Identity] | None, landing: Landing
    ) -> None:
        self.open = False
        self._edge = edge
        self._connection, self._secure = connection, secure
        self._certificate: Certificate | None = None
        self._landing = landing
        self._site: Site | None = None
        self._id = secrets.token_hex(8)
        self._meters = edge.meters

    def run(self) -> None:
        """Until it ends."""
        try:
            self._closed(Association(self._enter(), self, self._landing, artim=ARTIM, idle=IDLE).run())
        except NoHandshake as failed:
            self._edge.meters.asked.labels(NOBODY, Reason.TLS_FAILED).inc()
            log.warning("handshake-failed", code=str(failed))
        except (Closed, Silent):
            return
        except Exception as failed:
            log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])
            self._closed(End.ABORTED)
        finally:
            self._connection.close()

    def _enter(self) -> Wire:
        """The connection, with TLS where it has to be. Raises NoHandshake, Closed or Silent."""
        if self._secure is None:
            return Wire(self._connection, ARTIM)
        wire = TlsWire(self._connection, self._secure().mutual, ARTIM)
        self._connection = wire.socket
        self._certificate = wire.handshake()
        return wire

    def end(self) -> None:
        """Hear no more from him. What he has sent as a whole is answered yet."""
        with suppress(OSError):
            # An SSL socket's own would forget its keys, with which we answer yet.
            socket.socket.shutdown(self._connection, socket.SHUT_RD)

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
        admitted = admit(self._edge.sites(), self._peer(proposal))
        if isinstance(admitted, Refusal):
            return self._refused(admitted.site or NOBODY, admitted.reason, admitted.rejection)
        self._site = admitted
        if not self._edge.admit(self):
            return self._refused(self._site.code, "rejected", LIMIT_REACHED)
        self._meters.asked.labels(self._site.code, "accepted").inc()
        self._meters.open.labels(self._site.code).inc()
        if self._certificate:
            self._meters.expiry.labels("client", self._site.code).set(self._certificate.expires)
        log.info("association-accepted", site=self._site.code, association=self._id)
        return negotiation.accept(proposal, taken(self._site), user=bool(self._site.users))

    def _peer(self, proposal: negotiation.Proposal) -> Peer:
        return Peer(
            called=proposal.called,
            calling=proposal.calling,
            address=self._connection.getpeername()[0],
            tls=self._secure is not None,
            certificate=self._certificate.digest if self._certificate else None,
            user=proposal.user,
        )

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
            answer = self._answer(_arriving(request, context, landed, self._site, self._id), span)
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


def _arriving(request: Request, context: Context, landed: Landed, site: Site, association: str) -> Arriving:
    return Arriving(
        site=site,
        association=association,
        sop_class_uid=request.sop_class_uid,
        sop_instance_uid=request.sop_instance_uid,
        transfer_syntax_uid=context.transfer_syntax,
        landed=landed,
    )
