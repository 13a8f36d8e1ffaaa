"""The sender by STOW-RS, with a service that answers as it is told."""

from __future__ import annotations

import errno
import http.client
import io
import json
import threading
from collections.abc import Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.importing.whole import Changed
from infra.sending.delivery import TRIES, Delivery, Ending, Patience, deliver, prepare
from infra.sending.stow import Posting, Service
from infra.sending.way import Instance, NotLetIn
from shared.dicom import part10

CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
CONTENT = bytes(range(256)) * 4000
FRONT = part10.front(EXPLICIT, CT, "1.2.3")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        told: Any = self.server
        body = self._chunks()
        told.requests.append((self.path, dict(self.headers), body, self.client_address[1]))
        status, answer = told.answers.pop(0) if told.answers else (200, {})
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/dicom+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _chunks(self) -> bytes:
        assert self.headers["Transfer-Encoding"] == "chunked"
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so it is called
        """Nothing."""


class Web(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, dict[str, str], bytes, int]] = []
        self.answers: list[tuple[int, Any]] = []

    @property
    def service(self) -> Service:
        return Service(f"http://127.0.0.1:{self.server_port}/studies", {"Isocentre-Lane": "bulk"})


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def send(way: Posting, content: bytes = FRONT + CONTENT, offset: int = len(FRONT)) -> Delivery:
    instance = Instance(CT, "1.2.3", EXPLICIT, offset)
    return deliver(way, instance, lambda: io.BytesIO(content), Patience(60, pause=lambda _: None))


def part(request: tuple[str, dict[str, str], bytes, int]) -> bytes:
    _, headers, body, _ = request
    message = message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    assert message.get_content_type() == "multipart/related"
    boundary = message.get_boundary()
    assert boundary is not None
    head, _, rest = body.partition(b"\r\n\r\n")
    assert head == f"--{boundary}\r\nContent-Type: application/dicom".encode()
    content, end, after = rest.rpartition(f"\r\n--{boundary}--\r\n".encode())
    assert (bool(end), after) == (True, b"")
    return content


def test_a_file_goes_as_it_is_over_one_connection(web: Web) -> None:
    way = Posting(web.service)
    assert prepare(way, [], Patience(1)) is None
    assert [send(way) for _ in range(3)] == [Delivery(Ending.SENT)] * 3
    way.close()
    assert {request[3] for request in web.requests} == {web.requests[0][3]}
    assert {request[0] for request in web.requests} == {"/studies"}
    assert web.requests[0][1]["Isocentre-Lane"] == "bulk"
    assert part(web.requests[0]) == FRONT + CONTENT


def test_a_bare_data_set_goes_behind_file_meta_information_of_ours(web: Web) -> None:
    assert send(Posting(web.service), CONTENT, 0) == Delivery(Ending.SENT)
    assert part(web.requests[0]) == FRONT + CONTENT


def failed(reason: int) -> dict[str, Any]:
    return {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [reason]}}]}}


@pytest.mark.parametrize(
    ("status", "answer", "delivery"),
    [
        (202, {}, Delivery(Ending.SENT)),
        (409, failed(0xA900), Delivery(Ending.REFUSED, "data-set-does-not-match")),
        (409, failed(0x0122), Delivery(Ending.REFUSED, "sop-class-not-supported")),
        (409, {"0008119A": failed(0xC000)["00081198"]}, Delivery(Ending.REFUSED, "cannot-understand")),
        (409, {}, Delivery(Ending.REFUSED, "http-409")),
        (409, [], Delivery(Ending.REFUSED, "http-409")),
        (413, {}, Delivery(Ending.REFUSED, "http-413")),
        (415, {}, Delivery(Ending.REFUSED, "http-415")),
        (501, {}, Delivery(Ending.REFUSED, "http-501")),
    ],
)
def test_an_answer_means_what_the_same_status_of_a_c_store_does(
    web: Web, status: int, answer: Any, delivery: Delivery
) -> None:
    web.answers = [(status, answer)]
    assert send(Posting(web.service)) == delivery
    assert len(web.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 507])
def test_who_has_no_room_or_fails_is_asked_again(web: Web, status: int) -> None:
    web.answers = [(status, {}), (status, failed(0xA700))]
    assert send(Posting(web.service)) == Delivery(Ending.SENT)
    assert len(web.requests) == 3


def test_who_never_has_room_is_left_for_the_next_run(web: Web) -> None:
    web.answers = [(500, {})] * TRIES
    assert send(Posting(web.service)) == Delivery(Ending.FAILED, "out-of-resources")
    assert len(web.requests) == TRIES


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_who_does_not_let_us_in_is_not_asked_twice(web: Web, status: int) -> None:
    web.answers = [(status, {})]
    with pytest.raises(NotLetIn):
        send(Posting(web.service))
    assert len(web.requests) == 1


def test_nobody_there_is_told(web: Web) -> None:
    service = web.service
    web.shutdown()
    web.server_close()
    assert prepare(Posting(service), [], Patience(0)) == "no-connection"
    assert send(Posting(service)) == Delivery(Ending.FAILED, "no-connection")


@pytest.mark.parametrize("number", [errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ECONNRESET])
def test_a_network_that_goes_away_is_tried_again(web: Web, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    failures, answered = [OSError(number, "gone")] * 2, http.client.HTTPConnection.getresponse

    def lost(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        response = answered(connection)
        if failures:
            raise failures.pop()
        return response

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", lost)
    assert send(Posting(web.service)) == Delivery(Ending.SENT)
    assert len(web.requests) == 3


def test_a_network_that_stays_away_is_a_lost_connection(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(connection: http.client.HTTPConnection, data: object) -> None:
        raise OSError(errno.EHOSTUNREACH, "gone")

    monkeypatch.setattr(http.client.HTTPConnection, "send", lost)
    assert send(Posting(web.service)) == Delivery(Ending.FAILED, "connection-lost")


@pytest.mark.parametrize("failure", [TimeoutError("torn"), ConnectionResetError("torn"), Changed("torn")])
def test_a_file_fails_with_the_error_that_reading_it_raised(web: Web, failure: OSError) -> None:
    class Remote(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 500_000:
                raise failure
            return super().read(size)

    with pytest.raises(OSError, match="torn") as raised:
        deliver(
            Posting(web.service),
            Instance(CT, "1.2.3", EXPLICIT, len(FRONT)),
            lambda: Remote(FRONT + CONTENT),
            Patience(1),
        )
    assert raised.value is failure


def test_a_file_that_cannot_be_read_to_its_end_is_not_half_posted(web: Web) -> None:
    class Torn(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 500_000:
                raise OSError("torn")
            return super().read(size)

    way = Posting(web.service)
    with pytest.raises(OSError, match="torn"):
        deliver(way, Instance(CT, "1.2.3", EXPLICIT, len(FRONT)), lambda: Torn(FRONT + CONTENT), Patience(1))
    assert send(way) == Delivery(Ending.SENT)
    assert [part(request) for request in web.requests] == [FRONT + CONTENT]
