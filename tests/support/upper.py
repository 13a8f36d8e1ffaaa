"""The upper layer's bytes (PS3.8 Section 9.3), right or wrong as one likes. Black box: imports nothing of ours."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_ASSOCIATE, ImplementationClassUIDNotification, MaximumLengthNotification
from pynetdicom.presentation import build_context

CT, MR, ECHO = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"
STORE_CONTEXT, ECHO_CONTEXT = 1, 3
ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, DATA_TF, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
COMMAND, LAST = 0x01, 0x02
C_STORE_RQ, C_FIND_RQ, C_ECHO_RQ, N_ACTION_RQ, C_CANCEL_RQ, C_STORE_RSP = 0x0001, 0x0020, 0x0030, 0x0130, 0x0FFF, 0x8001
NO_DATA_SET = 0x0101
INSTANCE = "2.999.4711.6.1"

Contexts = tuple[tuple[int, str], ...]


def request(
    contexts: Contexts = ((STORE_CONTEXT, CT), (ECHO_CONTEXT, ECHO)),
    calling: str = "SITE_A",
    called: str = "ISOCENTRE",
    syntax: str = EXPLICIT,
) -> bytes:
    """An A-ASSOCIATE-RQ."""
    wanted = A_ASSOCIATE()
    wanted.application_context_name = "1.2.840.10008.3.1.1.1"
    wanted.calling_ae_title, wanted.called_ae_title = calling, called
    longest, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    longest.maximum_length_received = 16382
    implementation.implementation_class_uid = "1.2.3"
    wanted.user_information = [longest, implementation]
    proposed = [build_context(abstract, syntax) for _, abstract in contexts]
    for context, (number, _) in zip(proposed, contexts, strict=True):
        context.context_id = number
    wanted.presentation_context_definition_list = proposed
    encoder = A_ASSOCIATE_RQ()
    encoder.from_primitive(wanted)
    return bytes(encoder.encode())


def bare(kind: int, body: bytes = bytes(4)) -> bytes:
    """A PDU."""
    return struct.pack(">BxL", kind, len(body)) + body


def pdv(context: int, control: int, value: bytes) -> bytes:
    """A presentation data value."""
    return struct.pack(">LBB", len(value) + 2, context, control) + value


def data(*values: bytes) -> bytes:
    """A P-DATA-TF of values."""
    return bare(DATA_TF, b"".join(values))


def order(
    field: int = C_STORE_RQ,
    sop_class: str = CT,
    data_set: int = 0,
    message_id: int = 7,
    instance: str = INSTANCE,
) -> bytes:
    """A command set."""
    elements = [
        (0x0002, _even(sop_class)),
        (0x0100, struct.pack("<H", field)),
        (0x0110, struct.pack("<H", message_id)),
        (0x0700, struct.pack("<H", 0)),
        (0x0800, struct.pack("<H", data_set)),
        (0x1000, _even(instance)),
    ]
    body = b"".join(struct.pack("<HHL", 0, tag, len(value)) + value for tag, value in elements)
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def store(data_set: bytes, instance: str = INSTANCE, piece: int = 16_000) -> bytes:
    """A whole C-STORE: the command in a PDU, the data set in others."""
    pieces = [data_set[at : at + piece] for at in range(0, len(data_set), piece)] or [b""]
    sent = [pdv(STORE_CONTEXT, 0, value) for value in pieces[:-1]] + [pdv(STORE_CONTEXT, LAST, pieces[-1])]
    return data(pdv(STORE_CONTEXT, COMMAND | LAST, order(instance=instance))) + b"".join(map(data, sent))


def echo(context: int = ECHO_CONTEXT) -> bytes:
    """A whole C-ECHO."""
    return data(pdv(context, COMMAND | LAST, order(C_ECHO_RQ, ECHO, NO_DATA_SET)))


def status_of(body: bytes) -> int:
    """Of a response in a P-DATA-TF."""
    place = body.index(struct.pack("<HHL", 0, 0x0900, 2))
    return int.from_bytes(body[place + 8 : place + 10], "little")


def _even(uid: str) -> bytes:
    return uid.encode() + b"\0" * (len(uid) % 2)


class Gone(Exception):
    """The other end has closed."""


@dataclass
class Talk:
    """One connection to an acceptor."""

    wire: socket.socket

    def say(self, *said: bytes) -> None:
        self.wire.sendall(b"".join(said))

    def hear(self, seconds: float = 10.0) -> tuple[int, bytes]:
        """The next PDU: its type, and what it carries. Raises Gone, or TimeoutError."""
        self.wire.settimeout(seconds)
        kind, length = struct.unpack(">BxL", self._exactly(6))
        return kind, self._exactly(length)

    def status(self, seconds: float = 10.0) -> int:
        """Of the answer, which has to be one."""
        kind, body = self.hear(seconds)
        assert kind == DATA_TF, kind
        return status_of(body)

    def associate(self, *, calling: str = "SITE_A", contexts: Contexts | None = None) -> None:
        self.say(request(contexts, calling) if contexts else request(calling=calling))
        kind, _ = self.hear()
        assert kind == ASSOCIATE_AC, kind

    def release(self) -> None:
        self.say(bare(RELEASE_RQ))
        kind, _ = self.hear()
        assert kind == RELEASE_RP, kind

    def told(self, quiet: float) -> list[str]:
        """What is said until the connection is closed or nothing comes for so many seconds, in words."""
        words = []
        try:
            while True:
                words.append(in_words(*self.hear(quiet)))
        except Gone:
            return [*words, "closed"]
        except TimeoutError:
            return [*words, "open"]

    def _exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            try:
                piece = self.wire.recv(count - len(got))
            except ConnectionError:
                raise Gone from None
            if not piece:
                raise Gone
            got += piece
        return got


def in_words(kind: int, body: bytes) -> str:
    """A PDU that an acceptor says."""
    match kind:
        case 2:
            return "accept"
        case 3:
            return f"reject {body[1]}/{body[2]}/{body[3]}"
        case 4:
            return f"status {status_of(body):04X}"
        case 6:
            return "released"
        case 7:
            return f"abort {body[2]}/{body[3]}"
    return f"kind {kind}"


@contextmanager
def talk(port: int, host: str = "127.0.0.1") -> Iterator[Talk]:
    """A connection that ends with this block."""
    with socket.create_connection((host, port), timeout=10) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Talk(wire)


def answers(port: int, seconds: float = 15.0) -> None:
    """Wait until somebody accepts connections there."""
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < until, f"nobody answers on {port}"
            time.sleep(0.05)
        else:
            return
