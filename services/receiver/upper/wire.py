"""The transport connection: bytes into place, and out, each within its time."""

import socket
import time
from struct import pack

_UNHEARD = 64 * 1024
_LEAST = 0.001
"""Seconds: to the kernel none at all would mean for ever."""
SLOWEST = 4096
"""Bytes a second that a sender brings at least once it has begun: who is slower holds a place that others need."""


class Closed(Exception):
    """The other end has closed, or the network has."""


class Silent(Exception):
    """The other end takes too long."""


class Wire:
    """One accepted connection. `idle`: seconds without a byte after which a read raises Silent.

    The socket blocks, with time-outs of the kernel's: Python's own would ask it twice for each read.
    """

    def __init__(self, connection: socket.socket, idle: float) -> None:
        self._socket = connection
        connection.setblocking(True)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.patience(idle)

    def patience(self, seconds: float) -> None:
        """Wait so long for a byte or for room for one from now on, and longer for many: SLOWEST come in a second."""
        self._idle = seconds
        self._waits(seconds)

    def _waits(self, seconds: float) -> None:
        """No call takes longer from now on."""
        timeval = pack("ll", int(seconds), int(seconds % 1 * 1e6))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._socket.setsockopt(socket.SOL_SOCKET, option, timeval)

    def fill(self, view: memoryview) -> None:
        """Read until `view` is full. Raises Closed or Silent."""
        receive, wait = self._socket.recv_into, socket.MSG_WAITALL
        try:
            got = receive(view, 0, wait)
            if got == len(view):
                return
            latest = time.monotonic() + self._idle + len(view) / SLOWEST
            while got:
                view = view[got:]
                if not view:
                    return
                if time.monotonic() > latest:
                    raise Silent
                got = receive(view, 0, wait)
        except BlockingIOError:
            raise Silent from None
        except OSError:
            raise Closed from None
        raise Closed

    def read(self, count: int, until: float | None = None) -> bytes:
        """The next `count` bytes. Raises Closed or Silent.

        `until`: they are here when the monotonic clock says so, however they came; `patience` is to be said anew then.
        """
        data = bytearray(count)
        if until is None:
            self.fill(memoryview(data))
        else:
            self._fill(memoryview(data), until)
        return bytes(data)

    def _fill(self, view: memoryview, until: float) -> None:
        while view:
            view = view[self._receive(view, until) :]

    def _receive(self, view: memoryview, until: float) -> int:
        """How many bytes have come into `view`, at least one. Raises Closed, or Silent when there is none by then."""
        left = until - time.monotonic()
        if left <= 0:
            raise Silent
        try:
            self._waits(max(left, _LEAST))
            got = self._socket.recv_into(view)
        except (BlockingIOError, TimeoutError):
            raise Silent from None
        except OSError:
            raise Closed from None
        if not got:
            raise Closed
        return got

    def send(self, data: bytes) -> None:
        """Send all of it. Raises Closed or Silent."""
        try:
            self._socket.sendall(data)
            # Senders that leave Nagle's algorithm on wait for the acknowledgement of their last, small segment, and the
            # kernel delays it by 40 ms unless told otherwise after each answer.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        except (BlockingIOError, TimeoutError):
            raise Silent from None
        except OSError:
            raise Closed from None

    def skip(self, count: float, until: float) -> None:
        """Do not hear the next `count` bytes. Raises Closed, or Silent when the monotonic clock has passed `until`."""
        unheard = memoryview(bytearray(int(min(count, _UNHEARD))))
        while count:
            count -= self._receive(unheard[: int(min(count, _UNHEARD))], until)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()
