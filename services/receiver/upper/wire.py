"""The transport connection: bytes into place, and out, each within its time."""

import socket
import time
from struct import pack

_UNHEARD = 64 * 1024
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

    def patience(self, seconds: float, slowest: int = SLOWEST) -> None:
        """Wait so long for a byte or for room for one from now on, and longer for many: `slowest` come in a second."""
        self._idle, self._slowest = seconds, slowest
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
            latest = time.monotonic() + self._idle + len(view) / self._slowest
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

    def read(self, count: int) -> bytes:
        """The next `count` bytes. Raises Closed or Silent."""
        data = bytearray(count)
        self.fill(memoryview(data))
        return bytes(data)

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
        try:
            while time.monotonic() <= until:
                if not count:
                    return
                got = len(self._socket.recv(int(min(count, _UNHEARD))))
                if not got:
                    raise Closed
                count -= got
        except (BlockingIOError, TimeoutError):
            raise Silent from None
        except OSError:
            raise Closed from None
        raise Silent

    def close(self) -> None:
        """End the connection."""
        self._socket.close()
