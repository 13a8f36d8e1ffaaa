"""Serves connections as associations, each in a thread of its own. Knows no stores and no brokers."""

import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from services.receiver.accounts import Account
from services.receiver.commitment.taking import Asking
from services.receiver.crew.desk import Admits
from services.receiver.handler import Arriving, Lane
from services.receiver.intake import Intake
from services.receiver.syntaxes import taken
from services.receiver.upper import negotiation
from services.receiver.upper.association import Accepted, Association, Context, End
from services.receiver.upper.command import Request
from services.receiver.upper.landing import Landed, Landing
from services.receiver.upper.pdu import CALLED_UNKNOWN, CALLING_UNKNOWN, LIMIT_REACHED, Abort, Rejection
from services.receiver.upper.wire import Wire
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


class Edge:
    """Answers C-ECHO and C-STORE on the connections that it is given."""

    def __init__(
        self,
        sites: Callable[[], Sites],
        intake: Intake,
        desk: Admits,
        landing: Callable[[], Landing],
        keep: Callable[[Account], None],
        left: Callable[[], None] = lambda: None,
        *,
        commitment: Callable[[Asking, telemetry.Span | None], int] | None = None,
    ) -> None:
        """`desk` says whether one more association may be open, else it is rejected as a local limit (2/3/2); `keep`
        gets the account of each when it has ended, `left` is called when a connection has;
        `commitment` takes requests of the sites that have it."""
        self.sites, self.intake, self.desk, self.keep = sites, intake, desk, keep
        self.commitment = commitment
        self.open = metrics.gauge("isocentre_receive_open_associations")
        self.asked = metrics.counter("isocentre_receive_associations_total")
        self.draining = self.ending = False
        self._landing, self._left = landing, left
        self._visits: set[Visit] = set()
        self._lock = threading.Condition()

    def take(self, connection: socket.socket) -> None:
        """Serve it in a thread of its own."""
        visit = Visit(self, connection, self._landing())
        with self._lock:
            self._visits.add(visit)
        threading.Thread(target=self._serve, args=(visit,), name="association", daemon=True).start()

    def drain(self, seconds: float) -> None:
        """No new associations. The open ones may end by themselves for half of the time, are ended when an instance has
        been answered for the other half, and then whatever they are at: what was not answered stays at its sender."""
        self.draining = True
        with self._lock:
            self._lock.wait_for(lambda: not self._visits, seconds / 2)
            self.ending = True
            self._lock.wait_for(lambda: not self._visits, seconds / 2)
            for visit in self._visits:
                visit.end()
            self._lock.wait_for(lambda: not self._visits, _LAST_ANSWER)

    def accounts(self) -> list[Account]:
        """Of the associations that are open."""
        with self._lock:
            return [visit.account for visit in self._visits if visit.account]

    def _serve(self, visit: "Visit") -> None:
        try:
            visit.run()
        finally:
            with self._lock:
                self._visits.discard(visit)
                self._lock.notify_all()
            self._left()


class Visit:
    """One connection: who it is, and what he brings."""

    def __init__(self, edge: Edge, connection: socket.socket, landing: Landing) -> None:
        self.account: Account | None = None
        self._edge = edge
        self._connection = connection
        self._landing = landing
        self._site: Site | None = None
        self._lane: Lane = "live"
        self._called = ""
        self._span: telemetry.Span | None = None
        self._id = secrets.token_hex(8)

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
        sites = self._edge.sites()
        site = sites.find(proposal.called, proposal.calling)
        if site is None:
            known = sites.serves(proposal.called)
            return self._refused(NOBODY, Reason.UNKNOWN_AE_TITLE, CALLING_UNKNOWN if known else CALLED_UNKNOWN)
        if self._edge.draining or not self._edge.desk.admit(self._id, site.code, None):
            return self._refused(site.code, "rejected", LIMIT_REACHED)
        self._opens(site)
        self._called = proposal.called
        return negotiation.accept(proposal, taken(site))

    def _refused(self, site: str, result: str, answer: Rejection | Abort) -> Rejection | Abort:
        self._edge.asked.labels(site, result).inc()
        # The title itself may name a person or a room; who it is stands in the sender's own log.
        log.warning("association-refused", reason=result, site=site)
        return answer

    def _opens(self, site: Site) -> None:
        self._site = site
        self.account = Account(self._id, site.code, "dicom", datetime.now(UTC))
        attributes = {Attribute.SITE: site.code, Attribute.ASSOCIATION: self._id}
        self._span = telemetry.start("association", "server", attributes=attributes)
        self._edge.asked.labels(site.code, "accepted").inc()
        self._edge.open.labels(site.code).inc()

    def _closed(self, end: End) -> None:
        if self.account is None or self._span is None:
            return
        self.account.ended, self.account.end = datetime.now(UTC), end.value
        self._span.set({Attribute.OUTCOME: end.value})
        self._span.end()
        self._edge.open.labels(self.account.site).dec()
        self._edge.desk.leave(self._id)
        self._edge.keep(self.account)

    # --- C-STORE

    def begins(self, request: Request, context: Context, landing: Landing) -> None:
        """It lands behind what makes a file of it, and counted into what tells arrivals apart."""
        syntax = context.transfer_syntax
        front = part10.front(syntax, request.sop_class_uid, request.sop_instance_uid)
        landing.begin(front, part10.digester(syntax))

    def stored(self, request: Request, context: Context, landed: Landed) -> int:
        """The status that is answered."""
        assert self._site is not None
        assert self.account is not None
        arriving = Arriving(
            site=self._site,
            association=self._id,
            lane=self._lane,
            sop_class_uid=request.sop_class_uid,
            sop_instance_uid=request.sop_instance_uid,
            transfer_syntax_uid=context.transfer_syntax,
            landed=landed,
        )
        return self._edge.intake("C-STORE", arriving, self.account, self._span).status

    # --- N-ACTION

    def acted(self, request: Request, context: Context, landed: Landed | None) -> int:
        """The status that is answered."""
        assert self._site is not None
        assert self._edge.commitment is not None
        asking = Asking(self._site.code, self._id, self._called, request, context.transfer_syntax, landed)
        return self._edge.commitment(asking, self._span)
