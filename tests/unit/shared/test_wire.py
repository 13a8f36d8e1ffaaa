"""Connections stay open, and one that the server has closed is not used again."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from shared.outcome import Transient
from shared.storage.content import InMemory
from shared.storage.wire import Wire

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server(threading.Thread):
    """Answers `per_connection` requests on each connection, then hangs up without a word."""

    def __init__(self, per_connection: int, answer: bytes = ANSWER) -> None:
        super().__init__(daemon=True)
        self.connections = 0
        self.bodies: list[bytes] = []
        self.hung_up = threading.Semaphore(0)
        self._per_connection = per_connection
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            for _ in range(self._per_connection):
                size = 0
                if not reader.readline():
                    return
                while line := reader.readline().strip():
                    if line.startswith(b"content-length:"):
                        size = int(line.partition(b":")[2])
                self.bodies.append(reader.read(size))
                connection.sendall(self._answer)
        self.hung_up.release()

    def stop(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@contextmanager
def server(per_connection: int, answer: bytes = ANSWER) -> Iterator[Server]:
    serving = Server(per_connection, answer)
    serving.start()
    try:
        yield serving
    finally:
        serving.stop()
        serving.join(30)


def test_a_connection_is_used_again() -> None:
    with server(3) as serving:
        wire = Wire(serving.url)
        for number in range(3):
            said = wire.ask("PUT", "/a", {}, InMemory(memoryview(b"%d" % number)))
            assert (said.status, said.body) == (200, b"ok")
        assert serving.bodies == [b"0", b"1", b"2"]
        assert serving.connections == 1


def test_one_that_was_hung_up_meanwhile_is_not() -> None:
    with server(1) as serving:
        wire = Wire(serving.url)
        for _ in range(3):
            assert wire.ask("GET", "/a", {}).status == 200
            assert serving.hung_up.acquire(timeout=30)
        assert serving.connections == 3


def test_threads_have_connections_of_their_own() -> None:
    with server(100) as serving:
        wire, together = Wire(serving.url), threading.Barrier(4)

        def ask(_: int) -> int:
            together.wait(30)
            return wire.ask("GET", "/a", {}).status

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(ask, range(4))) == [200] * 4
        assert 1 <= serving.connections <= 4


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"garbage\r\n\r\n"])
def test_half_an_answer_is_trouble(said: bytes) -> None:
    with server(1, said) as serving, pytest.raises(Transient):
        Wire(serving.url).ask("GET", "/a", {})


def test_nobody_listens() -> None:
    # Port 9 (discard) of loopback.
    with pytest.raises(Transient, match="ConnectionRefusedError"):
        Wire("http://127.0.0.1:9").ask("GET", "/a", {})
