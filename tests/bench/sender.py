"""A sender that costs next to nothing: C-STORE over several associations, the data sets' bytes as they are.

`python -m tests.bench.sender` loads its instances, associates, says `ready`, waits for a line, sends, and prints
what it measured as JSON. A process of its own, so that its cost is seen apart. PS3.7 9.3.1, PS3.8 9.3.
"""

import argparse
import json
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.bench.instances import Instance, read_index

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
IMPLEMENTATION = "2.25.301"
CONTEXT = 1
MOST = 131_072
SECONDS = 120.0


class Refused(Exception):
    """The peer does not take what we send."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom to send to, and under which titles."""

    port: int
    called: str
    calling: str


def _item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body)) + body


def associate_request(peer: Peer) -> bytes:
    """An A-ASSOCIATE-RQ for CT images in explicit VR little endian (PS3.8 9.3.2)."""
    syntaxes = _item(0x30, CT_IMAGE_STORAGE.encode()) + _item(0x40, EXPLICIT_VR_LITTLE_ENDIAN.encode())
    user = _item(0x51, struct.pack(">L", MOST)) + _item(0x52, IMPLEMENTATION.encode())
    items = (
        _item(0x10, APPLICATION_CONTEXT.encode())
        + _item(0x20, bytes((CONTEXT, 0, 0, 0)) + syntaxes)
        + _item(0x50, user)
    )
    titles = peer.called.ljust(16).encode() + peer.calling.ljust(16).encode()
    body = struct.pack(">HH", 1, 0) + titles + bytes(32) + items
    return struct.pack(">BBL", 1, 0, len(body)) + body


def longest_pdu(accept: bytes) -> int:
    """From an A-ASSOCIATE-AC's body: the longest PDU that the peer takes. Raises Refused without our context."""
    longest, accepted = 0, False
    for kind, body in _items(accept[68:]):
        if kind == 0x21:
            accepted = body[0] == CONTEXT and body[2] == 0
        elif kind == 0x50:
            longest = next((struct.unpack(">L", value)[0] for sub, value in _items(body) if sub == 0x51), 0)
    if not accepted:
        raise Refused("the presentation context was not accepted")
    return min(longest or MOST, MOST)


def _items(body: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(body):
        kind, _, length = struct.unpack_from(">BBH", body, place)
        yield kind, body[place + 4 : place + 4 + length]
        place += 4 + length


def store_request(message: int, sop: str) -> bytes:
    """The command set of a C-STORE-RQ (PS3.7 9.3.1.1), in implicit VR little endian."""
    elements = b"".join(
        struct.pack("<HHL", 0, element, len(value)) + value
        for element, value in (
            (0x0002, _padded(CT_IMAGE_STORAGE)),
            (0x0100, struct.pack("<H", 0x0001)),
            (0x0110, struct.pack("<H", message)),
            (0x0700, struct.pack("<H", 0)),
            (0x0800, struct.pack("<H", 0x0001)),
            (0x1000, _padded(sop)),
        )
    )
    return struct.pack("<HHLL", 0, 0, 4, len(elements)) + elements


def _padded(uid: str) -> bytes:
    return uid.encode() + b"\0" * (len(uid) % 2)


def fragments(control: int, body: bytes, longest: int) -> Iterator[bytes | memoryview]:
    """P-DATA-TF PDUs (PS3.8 9.3.5), head and value in turn; `control` is 1 for a command, 0 for a data set."""
    room, view = longest - 6, memoryview(body)
    for place in range(0, len(body), room):
        piece = view[place : place + room]
        last = 2 if place + room >= len(body) else 0
        yield struct.pack(">BBLLBB", 4, 0, len(piece) + 6, len(piece) + 2, CONTEXT, control | last)
        yield piece


def status_of(pdu: bytes) -> int:
    """The Status (0000,0900) in a P-DATA-TF that holds a C-STORE-RSP."""
    place = pdu.rfind(b"\x00\x00\x00\x09\x02\x00\x00\x00")  # the message ID before it may look like that
    if place < 0:
        raise Refused("no status in the answer")
    return int.from_bytes(pdu[place + 8 : place + 10], "little")


class Association:
    """One connection to the peer."""

    def __init__(self, peer: Peer) -> None:
        self._socket = socket.create_connection(("127.0.0.1", peer.port), SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(associate_request(peer))
        kind, body = self._receive()
        if kind != 2:
            raise Refused(f"the association was refused (PDU {kind})")
        self._longest = longest_pdu(body)

    def store(self, message: int, sop: str, data_set: bytes) -> int:
        """Send one instance; its status."""
        command = fragments(1, store_request(message, sop), self._longest)
        self._socket.sendall(b"".join((*command, *fragments(0, data_set, self._longest))))
        kind, body = self._receive()
        if kind != 4:
            raise Refused(f"the association ended (PDU {kind})")
        return status_of(body)

    def release(self) -> None:
        self._socket.sendall(bytes((5, 0, 0, 0, 0, 4, 0, 0, 0, 0)))
        self._receive()
        self._socket.close()

    def _receive(self) -> tuple[int, bytes]:
        kind, _, length = struct.unpack(">BBL", self._exactly(6))
        return kind, self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            piece = self._socket.recv(length - len(parts))
            if not piece:
                raise Refused("the peer closed the connection")
            parts += piece
        return bytes(parts)


def lanes(instances: Sequence[Instance], associations: int) -> list[list[Instance]]:
    """Whole series in turn to each association, as scanners send them."""
    series = list(dict.fromkeys(one.series for one in instances))
    lane_of = {uid: place % associations for place, uid in enumerate(series)}
    return [[one for one in instances if lane_of[one.series] == lane] for lane in range(associations)]


def _send(association: Association, load: Sequence[tuple[str, bytes]]) -> list[tuple[int, float]]:
    told = []
    for number, (sop, data_set) in enumerate(load):
        began = time.monotonic()
        told.append((association.store(number % 65_535 + 1, sop, data_set), time.monotonic() - began))
    return told


def summary(began: float, ended: float, cpu_seconds: float, answers: Sequence[tuple[bool, float]]) -> dict[str, float]:
    """What a sender tells: `answers` are, for each instance, whether it was accepted and after how many seconds."""
    times = sorted(seconds for _, seconds in answers)
    return {
        "began": began,
        "ended": ended,
        "cpu_seconds": cpu_seconds,
        "accepted": sum(accepted for accepted, _ in answers),
        "median_ms": round(1e3 * times[len(times) // 2], 2),
        "p99_ms": round(1e3 * times[int(0.99 * len(times))], 2),
    }


def asked(about: str | None) -> tuple[Path, Peer, int]:
    """What the command line says: folder of instances, peer, number of associations."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--called", required=True)
    parser.add_argument("--calling", required=True)
    parser.add_argument("--associations", type=int, required=True)
    options = parser.parse_args()
    return options.folder, Peer(options.port, options.called, options.calling), options.associations


def main() -> None:
    folder, peer, associations = asked(__doc__)
    chosen = [lane for lane in lanes(read_index(folder), associations) if lane]
    loads = [[(one.sop, (folder / one.file).read_bytes()) for one in lane] for lane in chosen]
    opened = [Association(peer) for _ in loads]
    print("ready", flush=True)
    sys.stdin.readline()
    began, cost = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(len(loads)) as pool:
        told = [one for lane in pool.map(_send, opened, loads) for one in lane]
    ended, cost = time.monotonic(), time.process_time() - cost
    for association in opened:
        association.release()
    answers = [(status == 0, seconds) for status, seconds in told]
    print(json.dumps(summary(began, ended, cost, answers)), flush=True)


if __name__ == "__main__":
    main()
