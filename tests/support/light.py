"""A sender that costs next to nothing and may behave as it likes. Black box: imports nothing of ours."""

import hashlib
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.support.generated import Item
from tests.support.upper import CT, Gone, Talk, store, talk

SUCCESS = 0x0000
PAUSE = 0.2
"""Seconds before the next try."""
_BLOCK = 4096


def item(name: str, size: int) -> Item:
    """An instance that only a receiver can make something of: UIDs, and so many bytes that are nobody else's."""
    digest = hashlib.sha256(name.encode()).digest()
    number = int.from_bytes(digest[:8])
    instance, study = f"2.999.4711.6.2.{number}", f"2.999.4711.6.3.{number % 50}"
    block = (digest * (_BLOCK // len(digest) + 1))[:_BLOCK]
    payload = (block * (size // _BLOCK + 1))[: size - size % 2]
    elements = (
        _uid(b"\x08\x00\x16\x00", CT),
        _uid(b"\x08\x00\x18\x00", instance),
        _uid(b"\x20\x00\x0d\x00", study),
        b"\x29\x00\x10\x10OB\0\0" + len(payload).to_bytes(4, "little") + payload,
    )
    return Item(CT, instance, b"".join(elements))


def _uid(tag: bytes, value: str) -> bytes:
    padded = value.encode() + b"\0" * (len(value) % 2)
    return tag + b"UI" + struct.pack("<H", len(padded)) + padded


@contextmanager
def associated(port: int, calling: str, timeout: float = 60.0) -> Iterator[Talk]:
    """An association for CT images, released at the end if all went well. Raises OSError, Gone or AssertionError."""
    with talk(port) as peer:
        peer.wire.settimeout(timeout)
        peer.associate(calling=calling)
        yield peer
        peer.release()


def send(peer: Talk, sent: Item, *, piece: int = 120_000, timeout: float = 60.0) -> int:
    """The status that is answered. Raises OSError or Gone."""
    peer.wire.settimeout(timeout)
    peer.say(store(sent.data_set, sent.sop_instance_uid, piece))
    return peer.status(timeout)


class Insistent(threading.Thread):
    """A site that sends again what was not answered with success, until all of it has been."""

    def __init__(self, port: int, calling: str, items: Sequence[Item], *, pace: float = 0.0) -> None:
        super().__init__(name=calling, daemon=True)
        self._port, self._calling, self._pace = port, calling, pace
        self._left = list(reversed(items))
        self._stopped = threading.Event()
        self.acknowledged: list[Item] = []
        self.answers = Counter[str]()
        """By status, and `gone` for an association that ended otherwise."""

    def stop(self) -> None:
        """Give up."""
        self._stopped.set()

    def run(self) -> None:
        while self._left and not self._stopped.is_set():
            try:
                with associated(self._port, self._calling) as peer:
                    while self._left and not self._stopped.is_set():
                        self._one(peer)
            except (OSError, Gone, AssertionError):
                self.answers["gone"] += 1
                time.sleep(PAUSE)

    def _one(self, peer: Talk) -> None:
        status = send(peer, self._left[-1])
        self.answers[f"{status:04X}"] += 1
        if status == SUCCESS:
            self.acknowledged.append(self._left.pop())
            time.sleep(self._pace)
        else:
            time.sleep(PAUSE)


def half_open(port: int) -> socket.socket:
    """A connection on which nothing will be said."""
    return socket.create_connection(("127.0.0.1", port), timeout=10)
