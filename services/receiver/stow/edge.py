"""Serves connections as HTTP. Knows no stores and no brokers."""

import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http import HTTPStatus

from services.receiver.accounts import Account
from services.receiver.crew.desk import Admits
from services.receiver.intake import Intake
from services.receiver.stow.limits import Limits
from services.receiver.stow.place import Place
from services.receiver.stow.refusal import Refusal
from services.receiver.stow.transaction import RETRY
from services.receiver.stow.visit import Visit
from services.receiver.upper.landing import Landing, Spool
from services.receiver.visits import Visits
from shared import metrics, telemetry
from shared.sites import Site, Sites
from shared.telemetry import Attribute


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
