"""Serves connections as associations. Knows no stores and no brokers."""

import secrets
import socket
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

from services.receiver.accounts import Account
from services.receiver.commitment.taking import ActionRequest
from services.receiver.crew.desk import Admits
from services.receiver.handler import Arriving
from services.receiver.intake import NOBODY, Intake
from services.receiver.syntaxes import taken
from services.receiver.tls import Identity
from services.receiver.upper import negotiation
from services.receiver.upper.association import Accepted, Association, Context, End
from services.receiver.upper.command import Request
from services.receiver.upper.landing import Landed, Landing
from services.receiver.upper.tls_wire import Certificate, NoHandshake, TlsWire
from services.receiver.upper.wire import Closed, Silent, Wire
from services.receiver.visits import Visits, address_of, hear_no_more
from shared import metrics, telemetry
from shared.dicom import part10
from shared.dicom.pdu import LIMIT_REACHED, Abort, Rejection
from shared.outcome import Reason
from shared.sites import Lane, Site, Sites
from shared.sites.admission import Peer, Refusal, admit
from shared.telemetry import Attribute

log = telemetry.logger("receiver")

ARTIM, IDLE, PARTING = 30.0, 60.0, 5.0
"""Seconds that a peer may take to ask for an association, the handshake of TLS included, to say something within one,
and to close at its end."""


class Edge:
    """Answers C-ECHO, C-STORE and requests for commitment on the connections that it is given."""

    def __init__(
        self,
        sites: Callable[[], Sites],
        intake: Intake,
        desk: Admits,
        visits: Visits,
        landing: Callable[[], Landing],
        *,
        commitment: Callable[[ActionRequest, telemetry.Span | None], int] | None = None,
    ) -> None:
        """`desk` says whether one more association may be open, else it is rejected as a local limit (2/3/2);
        `commitment` takes requests of sites that have it."""
        self.sites, self.intake, self.desk, self.visits = sites, intake, desk, visits
        self.commitment = commitment
        self.asked = metrics.counter("isocentre_receive_associations_total")
        self.expiry = metrics.gauge("isocentre_receive_certificate_expiry_seconds")
        self._landing = landing

    def take(self, connection: socket.socket, secure: Callable[[], Identity] | None = None) -> None:
        """Serve it, with TLS as who `secure` says. Raises RuntimeError as `Visits.take` does."""
        self.visits.take(Visit(self, connection, secure, self._landing()))


class Visit:
    """One connection: who it is, and what he brings."""

    def __init__(
        self, edge: Edge, connection: socket.socket, secure: Callable[[], Identity] | None, landing: Landing
    ) -> None:
        self.address = address_of(connection)
        self._edge, self._visits = edge, edge.visits
        self._connection, self._secure = connection, secure
        self._certificate: Certificate | None = None
        self._landing = landing
        self._account: Account | None = None
        self._site: Site | None = None
        self._lane: Lane = "live"
        self._called = ""
        self._span: telemetry.Span | None = None
        self._id = secrets.token_hex(8)

    def run(self) -> None:
        """Until it ends."""
        until = time.monotonic() + ARTIM
        try:
            Association(self._enter(), self, self._landing, until=until, idle=IDLE, parting=PARTING).run()
        except NoHandshake as failed:
            self._edge.asked.labels(NOBODY, Reason.TLS_FAILED).inc()
            log.warning("handshake-failed", code=str(failed))
        except (Closed, Silent):
            return
        except Exception as failed:
            log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])
        finally:
            with closing(self._connection):
                self.ended(End.ABORTED)

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
        hear_no_more(self._connection)

    cut = end

    @property
    def draining(self) -> bool:
        """Whether the association is to end at the next instance."""
        return self._visits.ending

    # --- association

    def requested(self, request: bytes) -> Accepted | Rejection | Abort:
        """Whether we let him in, and on what terms."""
        proposal = negotiation.read(request)
        if isinstance(proposal, Rejection | Abort):
            return self._refused(NOBODY, "rejected", proposal)
        site = admit(self._edge.sites(), self._peer(proposal))
        if isinstance(site, Refusal):
            return self._refused(site.site or NOBODY, site.reason, site.rejection)
        accepted = negotiation.accept(proposal, taken(site), user=bool(site.users))
        if not self._comes_in(site):
            return self._refused(site.code, "rejected", LIMIT_REACHED)
        self._called = proposal.called
        self._opens(site, site.lane(proposal.called))
        return accepted

    def _peer(self, proposal: negotiation.Proposal) -> Peer:
        return Peer(
            called=proposal.called,
            calling=proposal.calling,
            address=self.address,
            tls=self._secure is not None,
            certificate=self._certificate.digest if self._certificate else None,
            user=proposal.user,
        )

    def _refused(self, site: str, result: str, answer: Rejection | Abort) -> Rejection | Abort:
        self._edge.asked.labels(site, result).inc()
        # The title itself may name a person or a room; who it is stands in the sender's own log.
        log.warning("association-refused", reason=result, site=site)
        return answer

    def _comes_in(self, site: Site) -> bool:
        """Whether there is a place for him, which he has then."""
        if self._visits.draining or not self._edge.desk.admit(self._id, site.code, site.associations):
            return False
        self._account = Account(self._id, site.code, "dicom", datetime.now(UTC))
        self._visits.begun(self._account)
        self._visits.comes_in(self)
        return True

    def _opens(self, site: Site, lane: Lane) -> None:
        self._site, self._lane = site, lane
        if self._certificate:
            self._edge.expiry.labels("client", site.code).set(self._certificate.expires)
        attributes = {Attribute.SITE: site.code, Attribute.ASSOCIATION: self._id}
        self._span = telemetry.start("association", "server", attributes=attributes)
        self._edge.asked.labels(site.code, "accepted").inc()

    def ended(self, end: End) -> None:
        """Give back what he has, once; until he closes he only waits."""
        if self._account is None or self._account.ended:
            return
        self._edge.desk.leave(self._id)
        self._visits.waits(self)
        if self._span:
            self._span.set({Attribute.OUTCOME: end.value})
            self._span.end()
        self._visits.ended(self._account, end.value)

    # --- C-STORE

    def begins(self, request: Request, context: Context, landing: Landing) -> None:
        """It lands behind what makes a file of it, and counted into what tells arrivals apart."""
        syntax = context.transfer_syntax
        front = part10.front(syntax, request.sop_class_uid, request.sop_instance_uid)
        landing.begin(front, part10.digester(syntax))

    def stored(self, request: Request, context: Context, landed: Landed) -> int:
        """The status that is answered."""
        assert self._site is not None
        assert self._account is not None
        arriving = Arriving(
            site=self._site,
            association=self._id,
            lane=self._lane,
            sop_class_uid=request.sop_class_uid,
            sop_instance_uid=request.sop_instance_uid,
            transfer_syntax_uid=context.transfer_syntax,
            landed=landed,
        )
        return self._edge.intake("C-STORE", arriving, self._account, self._span).status

    def lost(self, request: Request) -> int:
        """The disk had no room for a data set."""
        assert self._site is not None
        assert self._account is not None
        return self._edge.intake.without_room(self._site.code, self._account).status

    def refused(self, status: int) -> None:
        """A request was answered with that before there was anything to receive."""
        assert self._site is not None
        assert self._account is not None
        self._edge.intake.without_data(status, self._site.code, self._account)

    # --- N-ACTION

    def acted(self, request: Request, context: Context, landed: Landed | None) -> int:
        """The status that is answered."""
        assert self._site is not None
        assert self._edge.commitment is not None
        action = ActionRequest(self._site.code, self._id, self._called, request, context.transfer_syntax, landed)
        return self._edge.commitment(action, self._span)
