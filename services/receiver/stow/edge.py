"""Serves connections as HTTP, each in a thread of its own. Knows no stores and no brokers."""

import secrets
import socket
import threading
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
from services.receiver.upper.porch import UNASKED, UNASKED_OF_ONE, Porch
from shared import metrics, telemetry
from shared.sites import Site, Sites
from shared.telemetry import Attribute

_LAST_ANSWER = 20.0
"""Seconds: what has landed is answered before its connection ends, and a store may take its time."""


class StowEdge:
    """Answers STOW-RS requests on the connections that it is given."""

    def __init__(
        self,
        sites: Callable[[], Sites],
        intake: Intake,
        desk: Admits,
        landing: Callable[[], Landing],
        keep: Callable[[Account], None],
        left: Callable[[], None] = lambda: None,
        *,
        spool: Spool,
        limits: Limits,
        secure: Callable[[socket.socket], socket.socket] | None = None,
    ) -> None:
        """`desk` says whether one more request may be under way, `keep` gets the account of each when it has ended,
        `left` is called when a connection has. `spool`: where bulk data wait. `secure`: makes TLS of a connection; may
        raise OSError."""
        self.sites, self.intake, self.desk, self.secure = sites, intake, desk, secure
        self.spool, self.limits = spool, limits
        self.requests = metrics.counter("isocentre_stow_requests_total")
        self.asked = metrics.counter("isocentre_receive_associations_total")
        self.draining = self.ending = False
        self._open = metrics.gauge("isocentre_receive_open_associations")
        self._landing, self._keep, self._left = landing, keep, left
        self._visits: set[Visit] = set()
        self._porch = Porch[Visit](UNASKED, UNASKED_OF_ONE)
        self._accounts: dict[str, Account] = {}
        self._lock = threading.Condition()

    def take(self, connection: socket.socket) -> None:
        """Serve it in a thread of its own. Raises RuntimeError when there is none: the connection is still the caller's
        then, and nothing else is left of it."""
        visit = Visit(self, connection, self._landing())
        with self._lock:
            self._visits.add(visit)
        try:
            if leaves := self._porch.enter(visit, visit.address):
                leaves.end()
            threading.Thread(target=self._serve, args=(visit,), name="http", daemon=True).start()
        except BaseException:
            self._forget(visit)
            raise

    def known(self, visit: Visit) -> None:
        """He has said who he is."""
        self._porch.leave(visit)

    def drain(self, seconds: float) -> None:
        """No new requests. Those under way may end by themselves for half of the time, are ended behind an instance for
        the other half, and then whatever they are at: what was not answered stays at its sender."""
        self.draining = True
        with self._lock:
            self._lock.wait_for(lambda: not self._visits, seconds / 2)
            self.ending = True
            self._lock.wait_for(lambda: not self._visits, seconds / 2)
            for visit in self._visits:
                visit.ended = True
            self._lock.wait_for(lambda: not self._visits, _LAST_ANSWER)

    def accounts(self) -> list[Account]:
        """Of the requests that are under way."""
        with self._lock:
            return list(self._accounts.values())

    @contextmanager
    def admitted(self, site: Site, place: Place) -> Iterator[tuple[Account, telemetry.Span]]:
        """A request of that site is under way. Raises Refusal, 503, when it would be one too many."""
        if self.draining or not place.take(site):
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy", RETRY)
        account = Account(secrets.token_hex(8), site.code, "stow", datetime.now(UTC))
        with ExitStack() as held:
            attributes = {Attribute.SITE: site.code, Attribute.ASSOCIATION: account.association}
            span = telemetry.start("STOW-RS", "server", attributes=attributes)
            held.callback(span.end)
            self._opens(account)
            held.callback(self._closes, account)
            yield account, span

    def _opens(self, account: Account) -> None:
        self._open.labels(account.site).inc()
        with self._lock:
            self._accounts[account.association] = account

    def _closes(self, account: Account) -> None:
        account.ended, account.end = datetime.now(UTC), account.end or "closed"
        self._open.labels(account.site).dec()
        with self._lock:
            del self._accounts[account.association]
        self._keep(account)

    def _serve(self, visit: Visit) -> None:
        try:
            visit.run()
        finally:
            self._forget(visit)

    def _forget(self, visit: Visit) -> None:
        self._porch.leave(visit)
        with self._lock:
            self._visits.discard(visit)
            self._lock.notify_all()
        self._left()
