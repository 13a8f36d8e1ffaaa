"""The light sender for STOW-RS: one instance a request, several connections that are kept (PS3.18 10.5).

`python -m tests.bench.receive.stow_sender` behaves as `tests.bench.sender` does: loads, connects, says `ready`, waits
for a line, sends, and prints what it measured.
"""

import argparse
import json
import socket
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from shared.dicom import part10
from tests.bench.instances import read_index
from tests.bench.sender import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, SECONDS, Refused, lanes, summary

BOUNDARY = "isocentre-bench"
HEAD = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


def request(url: str, token: str, sop: str, data_set: bytes) -> bytes:
    """A whole request, head and body. `token`: a bearer token, or ''."""
    where = urlsplit(url)
    front = part10.front(EXPLICIT_VR_LITTLE_ENDIAN, CT_IMAGE_STORAGE, sop)
    length = len(HEAD) + len(front) + len(data_set) + len(TAIL)
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nAccept: application/dicom+json\r\n{authorization}"
        f'Content-Type: multipart/related; type="application/dicom"; boundary={BOUNDARY}\r\n'
        f"Content-Length: {length}\r\n\r\n"
    )
    return head.encode() + HEAD + front + data_set + TAIL


def told(head: bytes) -> tuple[int, int]:
    """Status and length of the body, of the head of an answer. Raises Refused for one without a length."""
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "content-length" not in fields:
        raise Refused("an answer without a length")
    return int(first.split(" ", 2)[1]), int(fields["content-length"])


class Connection:
    """One connection to the peer, which is kept."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._socket = socket.create_connection((where.hostname, where.port), SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")

    def post(self, request: bytes) -> int:
        """Send one request; the status of the answer."""
        self._socket.sendall(request)
        status, length = told(b"".join(iter(self._line, b"\r\n")))
        self._answers.read(length)
        return status

    def _line(self) -> bytes:
        line = self._answers.readline()
        if not line:
            raise Refused("the peer closed the connection")
        return line


def _send(connection: Connection, load: Sequence[bytes]) -> list[tuple[bool, float]]:
    answers = []
    for one in load:
        began = time.monotonic()
        answers.append((connection.post(one) == HTTPStatus.OK, time.monotonic() - began))
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--connections", type=int, required=True)
    asked = parser.parse_args()
    chosen = [lane for lane in lanes(read_index(asked.folder), asked.connections) if lane]
    loads = [
        [request(asked.url, asked.token, one.sop, (asked.folder / one.file).read_bytes()) for one in lane]
        for lane in chosen
    ]
    opened = [Connection(asked.url) for _ in loads]
    print("ready", flush=True)
    sys.stdin.readline()
    began, cost = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(len(loads)) as pool:
        answers = [one for lane in pool.map(_send, opened, loads) for one in lane]
    ended, cost = time.monotonic(), time.process_time() - cost
    print(json.dumps(summary(began, ended, cost, answers)), flush=True)


if __name__ == "__main__":
    main()
