"""Serves connections as HTTP, each in a thread of its own. Knows no stores and no brokers."""

import hashlib
import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from http import HTTPStatus

from services.receiver.accounts import Account
from services.receiver.crew.desk import Admits
from services.receiver.intake import NOBODY, Intake
from services.receiver.stow.bulk import Bulk
from services.receiver.stow.demand import demand, target
from services.receiver.stow.exchange import HEAD_SECONDS, BadRequest, Exchange, Request, Response
from services.receiver.stow.limits import Limits
from services.receiver.stow.parts import Parts
from services.receiver.stow.place import Place
from services.receiver.stow.refusal import Refusal
from services.receiver.stow.senders import Sender, site_of
from services.receiver.stow.storing import Storing
from services.receiver.stow.stream import Stream
from services.receiver.stow.transaction import RETRY, Transaction
from services.receiver.syntaxes import stored
from services.receiver.upper.landing import Landing, Spool
from services.receiver.upper.tls_wire import NoHandshake, handshaking
from services.receiver.upper.wire import Closed, Silent
from services.receiver.visits import Visits, address_of, hear_no_more
from shared import metrics, telemetry
from shared.outcome import Reason
from shared.sites import Site, Sites
from shared.telemetry import Attribute

log = telemetry.logger("receiver")


class StowEdge:
    """Answers STOW-RS requests on the connections that it is given."""

    def __init__(
        self,
        sites: Callable[[], Sites],
        intake: Intake,
        desk: Admits,
        visits: Visits,
        landing: Callable[[], Landing],
        *,
        spool: Spool,
        limits: Limits,
        secure: Callable[[socket.socket], ssl.SSLSocket] | None = None,
    ) -> None:
        """`desk` says whether one more request may be under way. `spool`: where bulk data wait. `secure`: makes TLS of
        a connection, whose handshake comes yet."""
        self.sites, self.intake, self.visits, self.desk = sites, intake, visits, desk
        self.secure = secure
        self.spool, self.limits = spool, limits
        self.requests = metrics.counter("isocentre_stow_requests_total")
        self.asked = metrics.counter("isocentre_receive_associations_total")
        self._landing = landing

    def take(self, connection: socket.socket) -> None:
        """Serve it. Raises RuntimeError as `Visits.take` does."""
        self.visits.take(Visit(self, connection, self._landing()))

    @contextmanager
    def admitted(self, site: Site, place: Place) -> Iterator[tuple[Account, telemetry.Span]]:
        """A request of that site is under way. Raises Refusal, 503, when it would be one too many."""
        if self.visits.draining or not place.take(site):
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy", RETRY)
        account = Account(secrets.token_hex(8), site.code, "stow", datetime.now(UTC))
        with ExitStack() as held:
            attributes = {Attribute.SITE: site.code, Attribute.ASSOCIATION: account.association}
            span = telemetry.start("STOW-RS", "server", attributes=attributes)
            held.callback(span.end)
            self.visits.begun(account)
            held.callback(lambda: self.visits.ended(account, account.end or "closed"))
            yield account, span


class Visit:
    """One connection: requests as they come, each answered."""

    def __init__(self, edge: StowEdge, connection: socket.socket, landing: Landing) -> None:
        self.address = address_of(connection)
        self._edge, self._visits = edge, edge.visits
        self._connection, self._landing = connection, landing
        self._place = Place(edge.desk)
        self._site, self._cut = NOBODY, False

    def end(self) -> None:
        """Hear no more from him, who waits."""
        hear_no_more(self._connection)

    def cut(self) -> None:
        """Not even the rest of a request is to be heard."""
        self._cut = True

    def run(self) -> None:
        """Until it ends."""
        try:
            with closing(self._landing), suppress(Closed, Silent), self._secured() as connection:
                self._serve(connection)
        except NoHandshake as failed:
            self._edge.asked.labels(NOBODY, Reason.TLS_FAILED).inc()
            log.warning("handshake-failed", code=str(failed))
        except Exception as failed:
            log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])

    def _serve(self, connection: socket.socket) -> None:
        sender, stream = _met(connection)
        exchange = Exchange(stream, lambda: self._visits.draining, lambda: self._cut, self._rest)
        try:
            while self._one(exchange, sender):
                pass
        finally:
            self._place.leave()

    def _rest(self) -> None:
        """He has nothing under way: give back what that took, and wait with the others."""
        self._place.leave()
        self._landing.close()
        self._visits.waits(self)

    def _secured(self) -> socket.socket:
        """The connection, with TLS where it has to be. Raises NoHandshake, Closed or Silent."""
        if self._edge.secure is None:
            return self._connection
        try:
            with handshaking():
                self._connection.settimeout(HEAD_SECONDS)
                # Ours before the handshake: who dawdles over it can be ended.
                self._connection = secured = self._edge.secure(self._connection)
                secured.do_handshake()
                return secured
        except BaseException:
            self._connection.close()
            raise

    def _one(self, exchange: Exchange, sender: Sender) -> bool:
        """Answer a request; whether another may follow."""
        self._site = NOBODY
        try:
            request = exchange.request()
            if request is None:
                return False
            answer = self._answer(request, exchange, sender)
        except Refusal as refused:
            self._rest()
            if refused.status is not HTTPStatus.NO_CONTENT:  # who asks for the options is told them in the same way
                log.warning("request-refused", status=refused.status.value, why=refused.word, site=self._site)
            answer = Response(refused.status, _text(refused), headers=refused.headers)
        except BadRequest as bad:
            answer = Response(bad.status, f"{bad.status.phrase}\n".encode())
        self._edge.requests.labels(self._site, str(answer.status.value)).inc()
        return exchange.answer(answer)

    def _answer(self, request: Request, exchange: Exchange, sender: Sender) -> Response:
        study = target(request)
        site = site_of(self._edge.sites(), request.headers.get("authorization", ""), sender)
        self._site = site.code
        wanted = demand(request, study, self._edge.limits.request)
        with self._edge.admitted(site, self._place) as (account, span), self._arrivals() as bulk:
            self._visits.comes_in(self)
            storing = Storing(self._edge.intake, site, wanted.lane, wanted.study, stored(site), account, span)
            parts = Parts(wanted.part_type, storing, self._landing, bulk, self._edge.limits)
            transaction = Transaction(wanted, exchange, parts, self._edge.limits.request, lambda: self._visits.ending)
            answer = transaction.run(request, storing.report)
            account.end = str(answer.status.value)
        return answer

    @contextmanager
    def _arrivals(self) -> Iterator[Bulk]:
        """Where a request's parts go, empty again afterwards."""
        with closing(Bulk(self._edge.spool)) as bulk:
            try:
                yield bulk
            finally:
                self._landing.clear()


def _met(connection: socket.socket) -> tuple[Sender, Stream]:
    """Who is there, and his bytes. Raises Closed when he has gone already; any other OSError is one of ours."""
    try:
        return _sender(connection), Stream(connection)
    except OSError:
        raise Closed from None


def _sender(connection: socket.socket) -> Sender:
    secured = isinstance(connection, ssl.SSLSocket)
    certificate = connection.getpeercert(binary_form=True) if secured else None  # type: ignore[attr-defined]
    digest = hashlib.sha256(certificate).hexdigest() if certificate else ""
    return Sender(connection.getpeername()[0], digest, tls=secured)


def _text(refused: Refusal) -> bytes:
    return b"" if refused.status is HTTPStatus.NO_CONTENT else f"{refused.word}\n".encode()
