"""What is put, in pieces that are neither copied nor held in memory, and their checksum."""

import base64
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import BinaryIO

from shared.storage.store import Content

_PORTION = 1024 * 1024


@dataclass(frozen=True, slots=True)
class InMemory:
    """Bytes in memory."""

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
    """Bytes of an open file."""

    file: BinaryIO
    start: int
    size: int

    def __len__(self) -> int:
        return self.size

    def piece(self, start: int, size: int) -> "InFile":
        return InFile(self.file, self.start + start, min(size, self.size - start))

    def crc32(self) -> int:
        crc, buffer = 0, memoryview(bytearray(_PORTION))
        for done in range(0, self.size, _PORTION):
            portion = buffer[: min(_PORTION, self.size - done)]
            crc = zlib.crc32(portion[: os.preadv(self.file.fileno(), [portion], self.start + done)], crc)
        return crc

    def send(self, to: socket) -> None:
        if self.size:
            to.sendfile(self.file, self.start, self.size)


Body = InMemory | InFile

EMPTY = InMemory(memoryview(b""))


@contextmanager
def opened(content: Content) -> Iterator[Body]:
    """The content, readable within this block."""
    if isinstance(content, Path):
        with content.open("rb") as file:
            yield InFile(file, 0, os.fstat(file.fileno()).st_size)
    else:
        yield InMemory(memoryview(content))


def spelled(crc32: int) -> str:
    """A CRC-32 as S3 spells it."""
    return base64.b64encode(crc32.to_bytes(4, "big")).decode()
