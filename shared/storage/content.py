"""What is put, in pieces that are neither copied nor held in memory, and their checksum."""

import base64
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from typing import BinaryIO, ClassVar

from shared.outcome import Transient
from shared.storage.store import Content, Filed

_PORTION = 1024 * 1024


@dataclass(frozen=True, slots=True)
class InMemory:
    """Bytes in memory."""

    written: ClassVar[None] = None
    view: memoryview

    def __len__(self) -> int:
        return len(self.view)

    def piece(self, start: int, size: int) -> "InMemory":
        return InMemory(self.view[start : start + size])

    def crc32(self) -> int:
        return zlib.crc32(self.view)

    def send(self, to: socket) -> None:
        to.sendall(self.view)


@dataclass(frozen=True, slots=True)
class InFile:
    """Bytes of an open file. `written`: the CRC-32 of those that were written there, where that is known."""

    file: BinaryIO
    start: int
    size: int
    written: int | None = None

    def __len__(self) -> int:
        return self.size

    def piece(self, start: int, size: int) -> "InFile":
        return InFile(self.file, self.start + start, min(size, self.size - start))

    def crc32(self) -> int:
        """Raises Transient when it is not that of what was written."""
        crc, buffer = 0, memoryview(bytearray(_PORTION))
        for done in range(0, self.size, _PORTION):
            portion = buffer[: min(_PORTION, self.size - done)]
            crc = zlib.crc32(portion[: os.preadv(self.file.fileno(), [portion], self.start + done)], crc)
        verify(crc, self.written)
        return crc

    def send(self, to: socket) -> None:
        if self.size:
            to.sendfile(self.file, self.start, self.size)


Body = InMemory | InFile

EMPTY = InMemory(memoryview(b""))


@contextmanager
def opened(content: Content) -> Iterator[Body]:
    """The content, readable within this block. Raises OSError, and Transient for a file of another size."""
    if isinstance(content, Filed):
        with content.path.open("rb") as file:
            verify(os.fstat(file.fileno()).st_size, content.size)
            yield InFile(file, 0, content.size, content.crc32)
    else:
        yield InMemory(memoryview(content))


def verify(found: int, written: int | None) -> None:
    """Raises Transient when what a file gives is not what was written to it."""
    if written is not None and found != written:
        raise Transient("the file is not what was written")


def joined(first: int, second: int, size: int) -> int:
    """CRC-32 of two runs of bytes, one behind the other, of their own ones; `size` of the second."""
    return second ^ _over_zeros(first, size) ^ _over_zeros(0, size)


def _over_zeros(crc: int, size: int) -> int:
    zeros = memoryview(bytes(min(_PORTION, size)))
    for done in range(0, size, _PORTION):
        crc = zlib.crc32(zeros[: size - done], crc)
    return crc


def spelled(crc32: int) -> str:
    """A CRC-32 as S3 spells it."""
    return base64.b64encode(crc32.to_bytes(4, "big")).decode()
