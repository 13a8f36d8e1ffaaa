"""HTTP/1.1 on one connection: requests, one after the other, their bodies, and our answers."""

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import h11

from services.receiver.stow.place import KEPT
from services.receiver.stow.stream import Ending, Stream
from services.receiver.upper.wire import Closed, Silent

HEAD_SECONDS, BODY_SECONDS, ANSWER_SECONDS = 30.0, 60.0, 60.0
"""For a request's head, the time since the last one included; for its body, beyond what its bytes may take; for our
answer."""
_LINGER_SECONDS = 5.0
_LONGEST_HEAD = 32 * 1024
_AT_ONCE = 4 * 1024
"""Bytes. What stands behind a head is copied."""
_CHUNK = 64 * 1024
"""Bytes of a chunked body that are taken at once."""


class BadRequest(Exception):
    """This is not HTTP/1.1. `status`: what fits best."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """A request's head. Names of headers in small letters; of those that come twice, the values are joined."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """All of an answer."""

    status: HTTPStatus
    body: bytes = b""
    media_type: str = "text/plain"
    headers: Sequence[tuple[str, str]] = field(default=())


class Exchange:
    """One connection. `draining`: no more requests; `ending`: not even the rest of this one. `rests` is called when no
    whole head follows at once.

    h11 reads heads and chunks. It would copy a body of which the length is known three times, so that goes past it.
    """

    def __init__(
        self, stream: Stream, draining: Callable[[], bool], ending: Callable[[], bool], rests: Callable[[], None]
    ) -> None:
        self._stream, self._rests = stream, rests
        self._draining, self._ending = draining, ending
        self._room = memoryview(bytearray(_CHUNK))
        self._ahead = b""
        """What came behind all that has been read."""
        self._rests_at = math.inf
        """When a head that is not whole by then follows no more at once."""
        self._next()

    def _next(self) -> None:
        """Nothing is known of the next request."""
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)
        self._only_heads = self._in_body = False
        self._closes = True
        """Whether he sends no request behind this one."""
        self._left: int | None = None
        """Bytes of the body; None where its end is not known."""
        self._chunk = b""

    def request(self) -> Request | None:
        """The next one; None when there is none to come. Raises BadRequest."""
        self._next()
        self._rests_at = time.monotonic() + KEPT
        self._stream.patience(HEAD_SECONDS, self._hears_no_more)
        if not self._ahead:
            self._stream.soon(KEPT)  # which `receive`, with its time-outs of the kernel's, cannot wait for as shortly
        try:
            event = self._event(_AT_ONCE)
        except (Closed, Silent, Ending):
            return None
        assert isinstance(event, h11.Request)
        self._only_heads = event.method == b"HEAD"
        request = _request(event)
        options = request.headers.get("connection", "").lower().split(",")
        self._closes = event.http_version < b"1.1" or "close" in map(str.strip, options)
        if "transfer-encoding" not in request.headers:
            self._left = int(request.headers.get("content-length", 0))
            self._ahead = self._http.trailing_data[0]
        return request

    def _hears_no_more(self) -> bool:
        """Whether no head is waited for. Whoever is waited for rests."""
        if time.monotonic() >= self._rests_at:
            self._rests_at = math.inf
            self._rests()
        return self._draining()

    def body(self, view: memoryview) -> int:
        """How many of the next bytes of the body `view` holds now, 0 at its end; after 100 (Continue) where that is
        waited for. Raises BadRequest, Closed, Silent and Ending."""
        if not self._in_body:
            self._begin_body()
        return self._from_chunks(view) if self._left is None else self._from_stream(view[: self._left])

    def answer(self, answer: Response) -> bool:
        """Give it; whether the connection may go on. Raises Closed and Silent."""
        whole = self._left == 0
        closes = self._closes or not whole or self._draining()
        lingers = not (whole or self._waited_for)
        headers = list(answer.headers)
        if answer.status is not HTTPStatus.NO_CONTENT:  # which has none (RFC 9110 Section 8.6)
            headers += [("Content-Length", str(len(answer.body)))]
        headers += [("Content-Type", answer.media_type)] if answer.body else []
        headers += [("Connection", "close")] if closes else []
        self._send(_head(answer.status, headers) + (b"" if self._only_heads else answer.body))
        if lingers:
            self._rests()
            self._linger()
        return not closes

    @property
    def _waited_for(self) -> bool:
        """Whether he sends no body before he hears 100 (Continue)."""
        return not self._in_body and self._http.they_are_waiting_for_100_continue

    def _begin_body(self) -> None:
        if self._waited_for:
            self._send(_head(HTTPStatus.CONTINUE))
        self._in_body = True
        self._stream.patience(BODY_SECONDS, self._ending)

    def _from_stream(self, view: memoryview) -> int:
        got = min(len(view), len(self._ahead))
        if got:
            view[:got], self._ahead = self._ahead[:got], self._ahead[got:]
        elif view:
            got = self._stream.receive(view, full=True)
        self._left = (self._left or 0) - got
        return got

    def _from_chunks(self, view: memoryview) -> int:
        if not self._chunk:
            event = self._event(_CHUNK)
            if not isinstance(event, h11.Data):
                self._left, self._ahead = 0, self._http.trailing_data[0]
                return 0
            self._chunk = bytes(event.data)
        got = min(len(view), len(self._chunk))
        view[:got], self._chunk = self._chunk[:got], self._chunk[got:]
        return got

    def _event(self, at_once: int) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Anything but NEED_DATA."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(self._ahead or self._received(at_once))
                self._ahead = b""
        except h11.RemoteProtocolError as wrong:
            raise BadRequest(HTTPStatus(wrong.error_status_hint)) from None
        return event

    def _received(self, count: int) -> bytes:
        return bytes(self._room[: self._stream.receive(self._room[:count])])

    def _send(self, data: bytes) -> None:
        self._stream.send(data, ANSWER_SECONDS)

    def _linger(self) -> None:
        """Hear and forget, for a while, what he sends before he reads our answer: a reset would take that from him."""
        self._stream.patience(_LINGER_SECONDS, self._ending)
        latest = time.monotonic() + _LINGER_SECONDS
        with contextlib.suppress(Closed, Silent, Ending):
            while time.monotonic() < latest:
                self._stream.receive(self._room)


def _head(status: HTTPStatus, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """All but the body (RFC 9112 Sections 4 and 5). `headers` are ours, so nothing in them is to be quoted."""
    lines = (f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers))
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _request(event: h11.Request) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in event.headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(event.method.decode("ascii"), event.target.decode("ascii", "replace"), headers)
