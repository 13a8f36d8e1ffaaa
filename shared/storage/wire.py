"""HTTP to one server, on connections that stay open. http.client, because a pool around it costs a third more CPU."""

import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from queue import Empty, Full, LifoQueue
from select import POLLIN, poll
from urllib.parse import urlsplit

from shared.outcome import Transient
from shared.storage.content import EMPTY, Body

CONNECT_TIMEOUT, READ_TIMEOUT = 2.0, 15.0
"""Seconds. Common DICOM senders give up after 30: our refusal has to reach them before."""

_SLOWEST = 20 * 1024 * 1024
"""Bytes a second that a server writes at least: it answers when it has written all."""

IDLE = 64
"""Connections kept open for later: at least the number of threads that use a store at the same time."""


@dataclass(frozen=True, slots=True)
class Response:
    """What the server said."""

    status: int
    headers: HTTPMessage
    body: bytes


class Wire:
    """One server at a base URL. Used by many threads; never tries again: the callers know when and how often."""

    def __init__(self, endpoint: str) -> None:
        url = urlsplit(endpoint)
        self.host = url.netloc
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._idle: LifoQueue[HTTPConnection] = LifoQueue(IDLE)

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: Body = EMPTY, work: int = 0) -> Response:
        """Send a request (`target`: path and query) and read its answer. Raises Transient.

        `work`: bytes that the server has to write beside `body`.
        """
        connection = self._connection()
        try:
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(READ_TIMEOUT + (len(body) + work) / _SLOWEST)
            answer = _exchange(connection, method, target, headers, body)
        except (OSError, HTTPException) as away:
            connection.close()
            raise Transient(type(away).__name__) from None
        except BaseException:
            connection.close()
            raise
        self._keep(connection)
        return answer

    def _connection(self) -> HTTPConnection:
        with suppress(Empty):
            while True:
                idle = self._idle.get_nowait()
                if not _is_closed(idle):
                    return idle
                idle.close()
        if self._tls:
            return HTTPSConnection(self.host, timeout=CONNECT_TIMEOUT, context=self._tls)
        return HTTPConnection(self.host, timeout=CONNECT_TIMEOUT)

    def _keep(self, connection: HTTPConnection) -> None:
        try:
            self._idle.put_nowait(connection)
        except Full:
            connection.close()


def _exchange(connection: HTTPConnection, method: str, target: str, headers: Mapping[str, str], body: Body) -> Response:
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if method in ("PUT", "POST"):
        connection.putheader("content-length", str(len(body)))
    connection.endheaders()
    # Who refuses may do so before it has read all, and hang up: its answer tells more than that.
    with suppress(BrokenPipeError):
        body.send(connection.sock)
    with connection.getresponse() as response:
        return Response(response.status, response.headers, response.read())


def _is_closed(connection: HTTPConnection) -> bool:
    """Whether the server has hung up meanwhile: there is something to read, where nothing was asked."""
    if connection.sock is None:
        return True
    waiting = poll()
    waiting.register(connection.sock, POLLIN)
    return bool(waiting.poll(0))
