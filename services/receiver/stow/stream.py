"""The bytes of one accepted connection, plain or TLS, each within its time."""

import select
import socket
import ssl
import time
from collections.abc import Callable
from struct import pack

from services.receiver.upper.wire import SLOWEST, Closed, Silent

_LOOK_UP = 0.5
"""Seconds after which a wait is interrupted to see whether we are to end."""
_TIMEVAL = pack("ll", int(_LOOK_UP), int(_LOOK_UP % 1 * 1e6))


class Ending(Exception):
    """We are to end, and hear no more."""


class Stream:
    """Plain sockets block, with time-outs of the kernel's: Python's own would ask them twice each time. TLS wants
    those, and gives no more than one record (16 KiB) at a time."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._secured = isinstance(connection, ssl.SSLSocket)
        connection.settimeout(_LOOK_UP if self._secured else None)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            connection.setsockopt(socket.SOL_SOCKET, option, _TIMEVAL)
        self._connection = connection
        self.patience(0.0, lambda: False)

    def patience(self, seconds: float, ending: Callable[[], bool]) -> None:
        """From now on wait so long in all, and longer by what comes, unless `ending`."""
        self._most = self._left = seconds
        self._ending = ending

    def soon(self, seconds: float) -> bool:
        """Whether something comes within that time."""
        if isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
            return True
        waiting = select.poll()
        waiting.register(self._connection, select.POLLIN)
        return bool(waiting.poll(1e3 * seconds))

    def receive(self, view: memoryview, *, full: bool = False) -> int:
        """How many bytes `view` holds now: the next that come, or, when it is to be `full`, all that come soon. Raises
        Closed, Silent or Ending."""
        while self._left > 0:
            if self._ending():
                raise Ending
            began = time.monotonic()
            got = self._filled(view, began + _LOOK_UP) if full and self._secured else self._received(view, full)
            self._left = min(self._most, self._left - (time.monotonic() - began) + got / SLOWEST)
            if got:
                return got
        raise Silent

    def send(self, data: bytes, seconds: float) -> None:
        """Send all of it within that time. Raises Closed or Silent."""
        latest = time.monotonic() + seconds
        view = memoryview(data)
        while view:
            view = view[self._sent(view) :]
            if view and time.monotonic() > latest:
                raise Silent

    def _filled(self, view: memoryview, until: float) -> int:
        """One record after the other."""
        got = self._received(view, full=False)
        while 0 < got < len(view) and time.monotonic() < until:
            more = self._received(view[got:], full=False)
            if not more:
                break
            got += more
        return got

    def _received(self, view: memoryview, full: bool) -> int:
        """What comes, if anything does."""
        flags = socket.MSG_WAITALL if full else 0
        try:
            got = self._connection.recv_into(view, 0, flags)
        except (BlockingIOError, TimeoutError):
            return 0
        except OSError:
            raise Closed from None
        if not got:
            raise Closed
        return got

    def _sent(self, view: memoryview) -> int:
        try:
            return self._connection.send(view)
        except (BlockingIOError, TimeoutError):
            return 0
        except OSError:
            raise Closed from None
