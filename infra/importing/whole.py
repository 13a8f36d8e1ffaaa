"""A file that may shrink while it is read: its end counts only where it was when the file was found."""

from __future__ import annotations

from typing import BinaryIO, cast

from infra.importing.entry import Entry


class Changed(OSError):
    """It ends before it should. What was read of it is no instance, although nothing in it says so."""


class _Whole:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size, self._at = file, size, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._at += len(piece)
        if self._at < self._size and size and (size < 0 or not piece):
            raise Changed
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = self._file.seek(offset, whence)
        return self._at

    def __enter__(self) -> _Whole:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.__exit__(None, None, None)  # what reads a member of an archive has no close()


def whole(entry: Entry) -> BinaryIO:
    """Opened from the beginning. Who reads on at an end that comes before `entry.size` bytes gets Changed."""
    return cast(BinaryIO, _Whole(entry.opened(), entry.size))
