"""The connections between the services and what they stand on, led through a process of ours that can spoil them.

Black box: imports nothing of ours but tests.
"""

import json
import multiprocessing
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

Manner = Literal["clear", "slow", "cut", "deaf"]
"""Deaf: connections stand open, and nothing comes through."""

_PIECE, _SMALL_PIECE = 65_536, 2048
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing is a reset."""


@dataclass(frozen=True)
class Order:
    """How a link is from now on. `rate`: bytes a second, each way and connection, when it is slow. `forget`: what is
    open never hears again."""

    link: str
    manner: Manner
    rate: float = 0.0
    forget: bool = False


@dataclass(frozen=True)
class Told:
    """A port that stands in a file like `stack.json`, once there is one."""

    file: Path
    name: str

    def port(self) -> int:
        """Raises OSError or ValueError as long as it is not told."""
        return int(json.loads(self.file.read_text())["ports"][self.name])


class Links:
    """Some links, by the name of what is behind them; each has a port."""

    def __init__(self, ports: Mapping[str, int], orders: Connection) -> None:
        self.ports = ports
        self._orders = orders

    @contextmanager
    def spoilt(self, link: str, manner: Manner, *, rate: float = 0.0, forget: bool = False) -> Iterator[None]:
        """In that manner within this block."""
        self._orders.send(Order(link, manner, rate=rate))
        try:
            yield
        finally:
            self._orders.send(Order(link, "clear", forget=forget))


@contextmanager
def links(targets: Mapping[str, int | Told]) -> Iterator[Links]:
    """A process that leads to these ports, as long as this block."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_lead, args=(dict(targets), theirs), daemon=True, name="links")
    process.start()
    try:
        yield Links(ours.recv(), ours)
    finally:
        process.kill()
        process.join()


# --- in the process


def _lead(targets: dict[str, int | Told], orders: Connection) -> None:
    leads = {name: _Link(target) for name, target in targets.items()}
    orders.send({name: lead.port for name, lead in leads.items()})
    while True:
        order: Order = orders.recv()
        leads[order.link].obey(order)


class _Link:
    """A port that leads to another."""

    def __init__(self, target: int | Told) -> None:
        self._target = target
        self._door = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._door.getsockname()[1]
        self._order = Order("", "clear")
        self._changed = threading.Condition()
        self._open: set[_Connection] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def obey(self, order: Order) -> None:
        with self._changed:
            self._order = order
            for connection in list(self._open):
                connection.deaf |= order.forget
                if order.manner == "cut":
                    connection.reset()
            self._changed.notify_all()

    def _accept(self) -> None:
        while True:
            near, _ = self._door.accept()
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        connection = _Connection(near)
        with self._changed:
            self._open.add(connection)
            self._changed.wait_for(lambda: self._order.manner != "deaf")
            refused = self._order.manner == "cut"
        try:
            if connection.deaf:
                connection.wait_until_left()
            elif not refused:
                self._lead(connection)
        finally:
            with self._changed:
                self._open.discard(connection)
            connection.reset()

    def _lead(self, connection: "_Connection") -> None:
        """Until both ends have nothing more to say."""
        try:
            port = self._target.port() if isinstance(self._target, Told) else self._target
            connection.far = socket.create_connection(("127.0.0.1", port), timeout=5)
        except (OSError, ValueError):
            return
        connection.far.settimeout(None)
        ways = (connection.near, connection.far), (connection.far, connection.near)
        threads = [threading.Thread(target=self._forward, args=(connection, *way), daemon=True) for way in ways]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _forward(self, connection: "_Connection", source: socket.socket, sink: socket.socket) -> None:
        sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                for part in self._parts(piece):
                    if self._order.manner == "deaf":
                        with self._changed:
                            self._changed.wait_for(lambda: self._order.manner != "deaf")
                    if connection.deaf:
                        connection.wait_until_left()
                        return
                    sink.sendall(part)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _parts(self, piece: bytes) -> Iterator[bytes]:
        """All of it, at the rate that there is now."""
        at = 0
        while at < len(piece):
            part = piece[at : at + (_SMALL_PIECE if self._order.manner == "slow" else len(piece))]
            if self._order.manner == "slow":
                time.sleep(len(part) / self._order.rate)
            yield part
            at += len(part)


class _Connection:
    """Two sockets."""

    def __init__(self, near: socket.socket) -> None:
        self.near = near
        self.far: socket.socket | None = None
        self.deaf = False

    def wait_until_left(self) -> None:
        """Take what is said and answer nothing, until who called hangs up."""
        with suppress(OSError):
            while self.near.recv(_PIECE):
                pass

    def reset(self) -> None:
        for one in filter(None, (self.near, self.far)):
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
