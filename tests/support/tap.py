"""Listens in: forwards connections to a receiver, and keeps what went both ways, to be read by pynetdicom."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO

from pynetdicom.dsutils import decode
from pynetdicom.pdu import A_ASSOCIATE_AC

_AC, _DATA_TF = 0x02, 0x04
_COMMAND, _LAST = 0x01, 0x02


@dataclass(frozen=True)
class Told:
    """A C-STORE that was answered, as it went over the wire."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set: bytes = field(repr=False)
    status: int = field(default=0, compare=False)


@dataclass
class Conversation:
    """What one connection carried."""

    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)

    def stores(self) -> list[Told]:
        """The C-STOREs among it that got an answer."""
        syntaxes = _accepted(bytes(self.answered))
        answers = [decode(BytesIO(command), True, True) for _, command, _ in _messages(bytes(self.answered))]
        found = []
        for (context, command, content), answer in zip(_messages(bytes(self.asked)), answers, strict=False):
            asked = decode(BytesIO(command), True, True)
            uids = str(asked.AffectedSOPClassUID), str(asked.AffectedSOPInstanceUID)
            found.append(Told(*uids, syntaxes[context], content, int(answer.Status)))
        return found


def _pdus(stream: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 6 <= len(stream):
        kind, length = struct.unpack_from(">BxL", stream, at)
        yield kind, stream[at : at + 6 + length]
        at += 6 + length


def _accepted(stream: bytes) -> dict[int, str]:
    """The transfer syntaxes of the contexts, by their ids."""
    for kind, whole in _pdus(stream):
        if kind == _AC:
            answer = A_ASSOCIATE_AC()
            answer.decode(whole)
            contexts = answer.to_primitive().presentation_context_definition_results_list
            return {context.context_id: str(context.transfer_syntax[0]) for context in contexts}
    return {}


def _messages(stream: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Context, command and data set of each whole message."""
    command, content = bytearray(), bytearray()
    for kind, whole in _pdus(stream):
        at = 6
        while kind == _DATA_TF and at < len(whole):
            length, context, control = struct.unpack_from(">LBB", whole, at)
            (command if control & _COMMAND else content).extend(whole[at + 6 : at + 4 + length])
            at += 4 + length
            # (0000,0800) tells whether a data set follows; it is in every command.
            alone = b"\0\0\0\x08\x02\0\0\0\x01\x01" in command
            if control & _LAST and (alone or not control & _COMMAND):
                yield context, bytes(command), bytes(content)
                command, content = bytearray(), bytearray()


@dataclass
class Tap:
    """A port that leads to another."""

    port: int
    conversations: list[Conversation] = field(default_factory=list)


@contextmanager
def tapped(port: int) -> Iterator[Tap]:
    """A tap in front of `port`, for as long as this block."""
    door = socket.create_server(("127.0.0.1", 0))
    tap, threads = Tap(door.getsockname()[1]), list[threading.Thread]()
    accepting = threading.Thread(target=_accept, args=(door, port, tap, threads))
    accepting.start()
    try:
        yield tap
    finally:
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        door.close()
        accepting.join()
        for thread in threads:
            thread.join(30)


def _accept(door: socket.socket, port: int, tap: Tap, threads: list[threading.Thread]) -> None:
    while True:
        try:
            near, _ = door.accept()
        except OSError:
            return
        far, conversation = socket.create_connection(("127.0.0.1", port)), Conversation()
        tap.conversations.append(conversation)
        for one in (near, far):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for ends in ((near, far, conversation.asked), (far, near, conversation.answered)):
            thread = threading.Thread(target=_forward, args=ends, daemon=True)
            thread.start()
            threads.append(thread)


def _forward(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    with suppress(OSError):
        while piece := source.recv(262_144):
            kept += piece
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
