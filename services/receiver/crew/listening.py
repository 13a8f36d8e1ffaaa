"""The sockets on which associations and requests come in. One process accepts, so that those who serve may end at any
time and nobody who waits in the queue notices."""

import ctypes
import errno
import socket
import threading
import time
from collections.abc import Callable

QUEUE = 128
"""Connections that wait to be accepted."""

_SO_ATTACH_FILTER = 26
_SYN, _ACK = 0x02, 0x10
_HANDSHAKE = 0.1
"""Seconds that a connection which is being made gets, after which no new one begins."""
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Listening:
    """One port. `take` gets each connection, on the thread that accepts."""

    def __init__(self, host: str, port: int, take: Callable[[socket.socket], None]) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=QUEUE, dualstack_ipv6=host == "::")
        self._socket.settimeout(0.2)
        self._take = take
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="accept", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        """Let nobody else in. Who is in the queue is taken yet, to be refused in the manner of his protocol: a closed
        socket would reset him."""
        _refuse_new(self._socket)
        time.sleep(_HANDSHAKE)
        self._ending.set()
        self._thread.join()
        self._socket.settimeout(0)
        for _ in range(2 * QUEUE):
            if not self._accepted():
                break
        self._socket.close()

    def _accept(self) -> None:
        while not self._ending.is_set():
            self._accepted()

    def _accepted(self) -> bool:
        """Whether somebody was there."""
        try:
            connection, _ = self._socket.accept()
        except OSError as failed:
            if failed.errno in _NO_DESCRIPTORS:
                time.sleep(0.1)  # who is inside will go
            return False
        self._take(connection)
        return True


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def _refuse_new(listening: socket.socket) -> None:
    """Drop what would begin a connection (a SYN without an ACK) by a filter in the kernel. Does nothing elsewhere."""
    steps = (
        _Instruction(0x30, 0, 0, 13),  # load the flags of the TCP header
        _Instruction(0x54, 0, 0, _SYN | _ACK),  # and with
        _Instruction(0x15, 0, 1, _SYN),  # jump if equal
        _Instruction(0x06, 0, 0, 0),  # drop
        _Instruction(0x06, 0, 0, 0xFFFFFFFF),  # keep
    )
    program = _Program(len(steps), (_Instruction * len(steps))(*steps))
    try:
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(program))
    except OSError:
        return
