"""STOW-RS (PS3.18 Section 10.5), an instance in each request, over one connection that stays open."""

from __future__ import annotations

import contextlib
import http.client
import json
import secrets
import ssl
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from infra.sending.way import Away, Broken, Context, Instance, NotLetIn, NotTaken
from shared.dicom import part10
from shared.dicom.statuses import OUT_OF_RESOURCES, SUCCESS

_PIECE = 256 * 1024
_LONGEST_ANSWER = 1024 * 1024
_FAILED, _OTHER_FAILURES, _REASON = "00081198", "0008119A", "00081197"
_LET_IN = {
    HTTPStatus.UNAUTHORIZED: "it does not know our token",
    HTTPStatus.FORBIDDEN: "it does not let us store",
    HTTPStatus.NOT_FOUND: "there is no STOW-RS at that address",
    HTTPStatus.METHOD_NOT_ALLOWED: "there is no STOW-RS at that address",
}

_FOR_GOOD = (HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
"""The errors of servers that do not pass."""


@dataclass(frozen=True, slots=True)
class Service:
    """Where to post to: the address of the studies resource, and what goes along with each request."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    seconds: float = 120.0

    def connect(self) -> http.client.HTTPConnection:
        """A connection that opens itself at the first request."""
        where = urlsplit(self.url)
        if where.scheme == "https":
            context = self.tls or ssl.create_default_context()
            return http.client.HTTPSConnection(where.netloc, timeout=self.seconds, context=context)
        return http.client.HTTPConnection(where.netloc, timeout=self.seconds)


class _Unreadable(Exception):
    """It was the file that failed: networks fail with errors of the same types."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error


class Posting:
    """The Way by STOW-RS."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._path = urlsplit(service.url).path or "/"
        self._connection = service.connect()

    def prepare(self, contexts: Collection[Context]) -> None:
        """Nothing is negotiated."""
        if self._connection.sock is None:
            self._connect()

    def store(self, instance: Instance, file: BinaryIO) -> int:
        boundary = secrets.token_hex(16)
        headers = {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Accept": "application/dicom+json",
            **self._service.headers,
        }
        if self._connection.sock is None:
            self._connect()
        try:
            status, body = self._exchange(headers, _of_the_file(_parts(boundary, instance, file)))
        except TimeoutError:
            self.close()
            raise Broken("no-answer") from None
        except _Unreadable as unreadable:
            self.close()  # half a request is on its way
            raise unreadable.error from None
        except (http.client.HTTPException, OSError):
            self.close()
            raise Broken("connection-lost") from None
        except BaseException:
            self.close()
            raise
        return _status(status, body)

    def close(self) -> None:
        self._connection.close()

    def _connect(self) -> None:
        try:
            self._connection.connect()
        except ssl.SSLError as refused:
            raise NotLetIn(f"TLS: {refused.reason or 'handshake failed'}") from None
        except OSError:
            raise Away("no-connection") from None

    def _exchange(self, headers: dict[str, str], body: Iterator[bytes]) -> tuple[int, bytes]:
        # It may answer before it has heard us out, and hear no more.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._connection.request("POST", self._path, body, headers, encode_chunked=True)
        response = self._connection.getresponse()
        told = response.read(_LONGEST_ANSWER)
        if response.will_close:
            self.close()
        return response.status, told


def _parts(boundary: str, instance: Instance, file: BinaryIO) -> Iterator[bytes]:
    """The body: the file as it is, or a data set that lies bare behind file meta information of ours."""
    yield f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    file.seek(0)
    begin = file.read(len(part10.PREAMBLE))
    if begin.endswith(b"DICM") and len(begin) == len(part10.PREAMBLE):
        yield begin
    else:
        file.seek(instance.offset)
        yield part10.front(instance.transfer_syntax_uid, instance.sop_class_uid, instance.sop_instance_uid)
    while piece := file.read(_PIECE):
        yield piece
    yield f"\r\n--{boundary}--\r\n".encode()


def _of_the_file(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces. Raises _Unreadable for what reading them raises."""
    try:
        yield from pieces
    except OSError as failed:
        raise _Unreadable(failed) from failed


def _status(status: int, body: bytes) -> int:
    """The same as a C-STORE would have been answered with. Raises NotLetIn and NotTaken."""
    if status in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
        return SUCCESS
    if status in _LET_IN:
        raise NotLetIn(_LET_IN[HTTPStatus(status)])
    if _passes(status):
        return OUT_OF_RESOURCES
    reason = _reason(body)
    if reason is None:
        raise NotTaken(f"http-{status}")
    return reason


def _passes(status: int) -> bool:
    """Whether the same request may be answered otherwise later (RFC 9110 Section 15, RFC 6585 Section 4)."""
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS):
        return True
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _FOR_GOOD


def _reason(body: bytes) -> int | None:
    """The Failure Reason (0008,1197) in a Store Instances Response (PS3.18 Annex I)."""
    try:
        told: Any = json.loads(body)
        items = [item for tag in (_FAILED, _OTHER_FAILURES) for item in told.get(tag, {}).get("Value", [])]
        return int(items[0][_REASON]["Value"][0])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
