"""The connections that are served, each in a thread of its own: from when they come until all have gone."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from services.receiver.accounts import Account
from services.receiver.upper.porch import UNASKED, UNASKED_OF_ONE, Porch
from shared import metrics

_LAST_ANSWER = 20.0
"""Seconds: what has landed is answered before its connection ends, and a store may take its time."""


class Visit(Protocol):
    """One connection. `address`: of its other end."""

    address: str

    def run(self) -> None:
        """Until it ends."""
        ...

    def end(self) -> None:
        """Hear no more from him, who has nothing under way."""
        ...

    def cut(self) -> None:
        """Hear no more from him, whatever he is at. What he has sent as a whole is answered yet."""
        ...


class Visits:
    """All of one kind, and what they have under way: an association, a request. `draining`: nothing else may begin;
    `ending`: what is under way ends behind an instance."""

    def __init__(self, kind: str, keep: Callable[[Account], None], left: Callable[[], None] = lambda: None) -> None:
        """`kind` names the threads. `keep` gets the account of what has ended, `left` is called when a connection
        has."""
        self.draining = self.ending = False
        self._kind, self._keep, self._left = kind, keep, left
        self._open = metrics.gauge("isocentre_receive_open_associations")
        self._accounts: dict[str, Account] = {}
        self._present: set[Visit] = set()
        self._porch = Porch[Visit](UNASKED, UNASKED_OF_ONE)
        self._changed = threading.Condition()

    def take(self, visit: Visit) -> None:
        """Serve it in a thread of its own. Raises RuntimeError when there is none: the connection is still the caller's
        then, and nothing else is left of it."""
        with self._changed:
            self._present.add(visit)
        try:
            self.waits(visit)
            threading.Thread(target=self._serve, args=(visit,), name=self._kind, daemon=True).start()
        except BaseException:
            self._forget(visit)
            raise

    def waits(self, visit: Visit) -> None:
        """He has nothing under way, yet or any more: there may not be too many of those."""
        if leaves := self._porch.enter(visit, visit.address):
            leaves.end()

    def comes_in(self, visit: Visit) -> None:
        """He is let in, and does not only wait."""
        self._porch.leave(visit)

    def begun(self, account: Account) -> None:
        """That is under way now."""
        self._open.labels(account.site).inc()
        with self._changed:
            self._accounts[account.association] = account

    def ended(self, account: Account, end: str) -> None:
        """It came to that end."""
        account.ended, account.end = datetime.now(UTC), end
        self._open.labels(account.site).dec()
        with self._changed:
            del self._accounts[account.association]
        self._keep(account)

    def accounts(self) -> list[Account]:
        """Of what is under way."""
        with self._changed:
            return list(self._accounts.values())

    def drain(self, seconds: float) -> None:
        """Let nothing else begin. What is under way may end by itself for half of the time, is ended behind an instance
        for the other half, and then whatever it is at: what was not answered stays at its sender."""
        self.draining = True
        with self._changed:
            self._all_gone(seconds / 2)
            self.ending = True
            self._all_gone(seconds / 2)
            for visit in self._present:
                visit.cut()
            self._all_gone(_LAST_ANSWER)

    def _all_gone(self, seconds: float) -> None:
        self._changed.wait_for(lambda: not self._present, seconds)

    def _serve(self, visit: Visit) -> None:
        try:
            visit.run()
        finally:
            self._forget(visit)

    def _forget(self, visit: Visit) -> None:
        self._porch.leave(visit)
        with self._changed:
            self._present.discard(visit)
            self._changed.notify_all()
        self._left()


def address_of(connection: socket.socket) -> str:
    """Of the other end; '' when it is gone."""
    try:
        return str(connection.getpeername()[0])
    except OSError:
        return ""


def hear_no_more(connection: socket.socket) -> None:
    """What is said on it is not heard any more; answers may be given yet."""
    with suppress(OSError):
        # An SSL socket's own would forget its keys, with which we answer yet.
        socket.socket.shutdown(connection, socket.SHUT_RD)
