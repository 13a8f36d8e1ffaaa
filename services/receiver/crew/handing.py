"""Connections on their way from the process that accepts to the one that serves."""

import socket
import sys
from collections.abc import Callable, Mapping, Sequence

from shared import telemetry

log = telemetry.logger("receiver")

_LONGEST_KIND = 64


def hand(to: socket.socket, kind: str, connection: socket.socket) -> bool:
    """Give a connection of that kind away; whether anybody is there to take it."""
    try:
        # Who does not take what he is handed must not hold up the others. (`send_fds` has flags and ignores them.)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, connection.fileno().to_bytes(4, sys.byteorder))]
        to.sendmsg([kind.encode()], rights, socket.MSG_DONTWAIT)
    except OSError:
        return False
    return True


def serve(handed: socket.socket, edges: Mapping[str, Callable[[socket.socket], None]]) -> None:
    """Give each connection to the edge of its kind, until there is nobody to hand any over."""
    while True:
        kind, descriptors, _, _ = socket.recv_fds(handed, _LONGEST_KIND, 1)
        if not kind:
            return
        for descriptor in descriptors:
            _give(socket.socket(fileno=descriptor), edges[kind.decode()])


def _give(connection: socket.socket, take: Callable[[socket.socket], None]) -> None:
    try:
        take(connection)
    except (OSError, RuntimeError, MemoryError) as failed:
        # No thread more, no memory: he is turned away, and those who come later are not.
        log.error("connection-turned-away", error=type(failed).__name__)
        connection.close()


def told(arguments: Sequence[str]) -> tuple[int, socket.socket, socket.socket]:
    """What a worker is started with: its number, its end of the line, and the socket of the connections."""
    number, line, handed = map(int, arguments)
    return number, socket.socket(fileno=line), socket.socket(fileno=handed)
