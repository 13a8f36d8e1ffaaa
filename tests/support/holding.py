"""A door that somebody is kept waiting in: forwards connections, and holds them up once a certain thing was said."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PIECE = 65_536


class Door:
    """Leads to another port. What comes behind `word`, from the side that connected, waits until it is opened."""

    def __init__(self, target: tuple[str, int], word: bytes) -> None:
        self._target = target
        self._word = word
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._opened = threading.Event()
        self.reached = threading.Event()
        """Somebody has said it, and waits."""

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def open(self) -> None:
        self._opened.set()

    def serve(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink, word in ((near, far, self._word), (far, near, b"")):
                threading.Thread(target=self._forward, args=(source, sink, word), daemon=True).start()

    def close(self) -> None:
        self._opened.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _forward(self, source: socket.socket, sink: socket.socket, word: bytes) -> None:
        said = b""
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                said = said[-len(word) :] + piece
                if word and word in said:
                    self.reached.set()
                    self._opened.wait()
                sink.sendall(piece)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def holding(host: str, port: int, word: bytes) -> Iterator[Door]:
    """Such a door, for as long as this block."""
    door = Door((host, port), word)
    thread = threading.Thread(target=door.serve)
    thread.start()
    try:
        yield door
    finally:
        door.close()
        thread.join()
