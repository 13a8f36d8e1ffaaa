"""ZIP archives as sources: members are streamed, no name in them is ever a path, what would grow without end is left.

A member that is an archive itself is unpacked into a file without a name, one level deep.
"""

from __future__ import annotations

import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import IO, BinaryIO, cast

from infra.importing.entry import Entry, Passed

MIB = 1024 * 1024
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    ValueError,
    RuntimeError,
    MemoryError,
)
"""What `zipfile` raises for archives that are damaged, or packed in a way that it does not know; MemoryError
because a damaged LZMA member may ask for a dictionary of 4 GiB."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond these a member is left where it is. `ratio`: of unpacked to packed bytes, above `free` bytes unpacked."""

    ratio: int = 200
    free: int = 64 * MIB
    member: int = 64 * 1024 * MIB
    nested: int = 8 * 1024 * MIB
    members: int = 5_000_000

    def bomb(self, size: int, packed: int) -> bool:
        """Whether so much from so little is not what an image does."""
        return size > self.free and size > self.ratio * max(packed, 1)


class Unpackable(OSError):
    """A member cannot be read to its end."""


def is_archive(entry: Entry) -> bool:
    """Whether it is called a ZIP archive and begins as one does."""
    if not entry.key.lower().endswith(".zip"):
        return False  # to open each file twice costs more than archives under other names are worth
    try:
        with entry.opened() as file:
            return file.read(4) in _MAGIC
    except OSError:
        return False


def members(entry: Entry, limits: Limits, nested: bool = False) -> Iterator[Entry | Passed]:
    """The files in an archive; in place of one that cannot be read, that it cannot."""
    try:
        archive = zipfile.ZipFile(cast("IO[bytes]", entry.opened()))
    except OSError:
        yield Passed(entry.key, "failed", "unreadable")
        return
    except _BROKEN:
        yield Passed(entry.key, "failed", "broken-archive")
        return
    files = [info for info in archive.infolist() if not info.is_dir()]
    if len(files) > limits.members:
        yield Passed(entry.key, "failed", "too-many-members")
        return
    for info in sorted(files, key=lambda info: (str(PurePosixPath(info.filename).parent), info.filename)):
        yield from _member(archive, entry, info, limits, nested)


def _member(
    archive: zipfile.ZipFile, entry: Entry, info: zipfile.ZipInfo, limits: Limits, nested: bool
) -> Iterator[Entry | Passed]:
    # The name is told and compared, and nothing else is ever done with it.
    key = f"{entry.key}!{info.filename}".encode("utf-8", "backslashreplace").decode()
    if info.flag_bits & _ENCRYPTED:
        yield Passed(key, "failed", "encrypted")
    elif not info.file_size:
        yield Passed(key, "not-dicom", "empty")
    elif info.file_size > limits.member:
        yield Passed(key, "failed", "too-large")
    elif limits.bomb(info.file_size, info.compress_size):
        yield Passed(key, "failed", "zip-bomb")
    else:
        folder = f"{entry.key}!{PurePosixPath(info.filename).parent}"
        found = Entry(key, folder, info.file_size, info.CRC, _opener(archive, info))
        yield from _nested(found, limits, nested) if is_archive(found) else (found,)


def _nested(found: Entry, limits: Limits, nested: bool) -> Iterator[Entry | Passed]:
    if nested:
        yield Passed(found.key, "failed", "nested-too-deep")
        return
    if found.size > limits.nested:
        yield Passed(found.key, "failed", "too-large")
        return
    unpacked = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as entries do that read from it
    try:
        with found.opened() as file:
            shutil.copyfileobj(file, unpacked, MIB)
    except OSError:
        yield Passed(found.key, "failed", "broken-archive")
        return
    yield from members(replace(found, opened=lambda: cast(BinaryIO, unpacked)), limits, nested=True)


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        try:
            return cast(BinaryIO, _Member(archive.open(info)))
        except _BROKEN as failed:
            raise Unpackable(type(failed).__name__) from None

    return opened


class _Member:
    """A member while it is unpacked. All that can be wrong with it is an OSError."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except _BROKEN as failed:
            raise Unpackable(type(failed).__name__) from None

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._stream.seek(offset, whence)
        except _BROKEN as failed:
            raise Unpackable(type(failed).__name__) from None

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
