"""The bytes of one accepted connection, plain or TLS, each within its time."""

import socket
import time
from collections.abc import Callable

from services.receiver.upper.wire import Closed, Silent

_SIZE = 256 * 1024
"""Bytes that are asked for at once."""
_SLOWEST = 4096
"""Bytes a second that a sender brings at least: who is slower holds a place that others need."""
_LOOK_UP = 0.5
"""Seconds after which a wait is interrupted to see whether we are to end."""


class Ending(Exception):
    """We are to end, and hear no more."""


class Stream:
    """Unlike `upper.wire` it knows TLS, which wants Python's own time-outs."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self.patience(0.0, lambda: False)

    def patience(self, seconds: float, ending: Callable[[], bool]) -> None:
        """From now on wait so long in all, and longer by what comes, unless `ending`."""
        self._most = self._left = seconds
        self._ending = ending

    def receive(self) -> bytes:
        """The next bytes. Raises Closed, Silent or Ending."""
        while self._left > 0:
            if self._ending():
                raise Ending
            began = time.monotonic()
            data = self._received(min(self._left, _LOOK_UP))
            self._left = min(self._most, self._left - (time.monotonic() - began) + len(data) / _SLOWEST)
            if data:
                return data
        raise Silent

    def send(self, data: bytes, seconds: float) -> None:
        """Send all of it within that time. Raises Closed or Silent."""
        try:
            self._connection.settimeout(seconds)
            self._connection.sendall(data)
        except TimeoutError:
            raise Silent from None
        except OSError:
            raise Closed from None

    def _received(self, seconds: float) -> bytes:
        """What comes within that time, if anything does."""
        try:
            self._connection.settimeout(seconds)
            data = self._connection.recv(_SIZE)
        except TimeoutError:
            return b""
        except OSError:
            raise Closed from None
        if not data:
            raise Closed
        return data
