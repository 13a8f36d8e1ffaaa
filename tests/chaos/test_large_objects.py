"""Objects of 4 GiB and more: received in bounded memory, and kept byte for byte."""

import hashlib
import os
import shutil
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.support import upper
from tests.support.door import CALLING, SITE, door, processes
from tests.support.stack import Stack
from tests.support.upper import COMMAND, CT, LAST, STORE_CONTEXT

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]

GIB = 1024**3
MOST_MEMORY = 256 * 10**6
"""Bytes resident in a process of the receiver."""
JPEG, NATIVE = "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.1"
INSTANCE = "2.999.4711.6.4.1"
PIECE = 131_066
FRAGMENT = 64 * 1024**2
LONGEST = 2**32 - 2
"""Bytes that an element of a known length can have (PS3.5 Section 7.1.1)."""

needs_disk = pytest.mark.skipif(shutil.disk_usage("/tmp").free < 14 * GIB, reason="takes 10 GiB of disk")


def uid(tag: bytes, value: str) -> bytes:
    padded = value.encode() + b"\0" * (len(value) % 2)
    return tag + b"UI" + struct.pack("<H", len(padded)) + padded


HEAD = uid(b"\x08\x00\x16\x00", CT) + uid(b"\x08\x00\x18\x00", INSTANCE) + uid(b"\x20\x00\x0d\x00", "2.999.4711.6.4")


def noise(size: int) -> Iterator[bytes]:
    """So many bytes, no two pieces the same."""
    block = os.urandom(2 * PIECE)
    for number in range(0, size, PIECE):
        at = number // PIECE % PIECE
        yield block[at : at + min(PIECE, size - number)]


def native() -> Iterator[bytes]:
    """Pixel data as long as they can be."""
    yield HEAD + b"\xe0\x7f\x10\x00OW\0\0" + struct.pack("<L", LONGEST)
    yield from noise(LONGEST)


def encapsulated() -> Iterator[bytes]:
    """Fragments that are longer together."""
    yield HEAD + b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\0\0\0\0"
    for _ in range(4 * GIB // FRAGMENT + 2):
        yield b"\xfe\xff\x00\xe0" + struct.pack("<L", FRAGMENT)
        yield from noise(FRAGMENT)
    yield b"\xfe\xff\xdd\xe0\0\0\0\0"


@dataclass
class Watch(threading.Thread):
    """The most that each process of a receiver has had in memory."""

    stack: Stack
    most: dict[int, int] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        while not self.ended.wait(0.1):
            for process in processes(self.stack):
                try:
                    resident = process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
                self.most[process.pid] = max(self.most.get(process.pid, 0), resident)


@needs_disk
@pytest.mark.parametrize(("content", "syntax"), [(native, NATIVE), (encapsulated, JPEG)])
def test_it_is_kept_whole_in_little_memory(content: object, syntax: str, home: Path) -> None:
    with door(home) as stack:
        watch = Watch(stack)
        watch.start()
        began = time.monotonic()
        size, digest = stream(stack.dicom_port, content(), syntax)  # type: ignore[operator]
        seconds = time.monotonic() - began
        watch.ended.set()
        watch.join()
        (key,) = stack.keys("identified", f"{SITE}/")
        assert key == f"{SITE}/{digest[:2]}/{digest}.dcm"
        kept = Path(stack.told()["object_store"]["tree"]) / "identified" / key
        check_file(kept, size, digest, syntax)
        print(f"{size} bytes in {seconds:.0f} s, resident at most {[rss // 10**6 for rss in watch.most.values()]} MB")
        assert size > 4 * GIB - 3
        assert max(watch.most.values()) < MOST_MEMORY
        assert list((stack.home / "data" / "receiver" / "spool").iterdir()) == []


def stream(port: int, content: Iterator[bytes], syntax: str) -> tuple[int, str]:
    """Send it by C-STORE; its size, and the digest that it has to get."""
    digest, size = hashlib.sha256(syntax.encode()), 0
    with upper.talk(port) as peer:
        peer.wire.settimeout(600)
        peer.say(upper.request(((STORE_CONTEXT, CT),), calling=CALLING, syntax=syntax))
        assert peer.hear()[0] == upper.ASSOCIATE_AC
        peer.wire.settimeout(600)
        peer.say(upper.data(upper.pdv(STORE_CONTEXT, COMMAND | LAST, upper.order(instance=INSTANCE))))
        for piece in content:
            digest.update(piece)
            size += len(piece)
            peer.say(upper.data(upper.pdv(STORE_CONTEXT, 0, piece)))
        peer.say(upper.data(upper.pdv(STORE_CONTEXT, LAST, b"")))
        assert peer.status(600) == 0
        peer.release()
    return size, digest.hexdigest()


def check_file(path: Path, size: int, digest: str, syntax: str) -> None:
    """Behind its front there is what was sent."""
    found = hashlib.sha256(syntax.encode())
    with path.open("rb") as file:
        assert file.read(132) == bytes(128) + b"DICM"
        file.seek(path.stat().st_size - size)
        while piece := file.read(8 * 1024**2):
            found.update(piece)
    assert found.hexdigest() == digest
