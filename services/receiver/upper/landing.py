"""Where a data set arrives: in its final place behind preamble and file meta, in memory or, when large, in a file."""

import errno
import hashlib
import os
import tempfile
from dataclasses import dataclass
from io import BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO, cast

from services.receiver.upper.budget import Budget

FIRST_ROOM = 1024 * 1024
"""Bytes that a landing begins with: most instances need no more."""
SPOOLED = "arriving-"
"""How the files are called."""
_PIECE = 1024 * 1024
"""Bytes that go to a file at once."""


@dataclass(frozen=True, slots=True)
class Landed:
    """A whole object, in memory until the next one lands, or in a file that goes then.

    `size`: its bytes, of which the first `front` stand before the data set. `digest`: in hexadecimal digits, of what
    `begin` was given and the data set.
    """

    content: memoryview | Path
    size: int
    front: int
    digest: str

    def head(self, count: int) -> bytes:
        """The first bytes of the data set."""
        if isinstance(self.content, memoryview):
            return bytes(self.content[self.front : self.front + count])
        with self.content.open("rb") as file:
            file.seek(self.front)
            return file.read(count)

    def open(self) -> BinaryIO:
        """The data set, to be read."""
        if isinstance(self.content, memoryview):
            return BytesIO(self.content[self.front :])
        return cast(BinaryIO, _From(self.content, self.front))


class _From(FileIO):
    """A file without its first `front` bytes."""

    def __init__(self, path: Path, front: int) -> None:
        super().__init__(path)
        self._front = front
        self.seek(0)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As any file's, counted from there."""
        return super().seek(offset + self._front if whence == os.SEEK_SET else offset, whence) - self._front

    def tell(self) -> int:
        """Likewise."""
        return super().tell() - self._front


class Landing:
    """Takes one data set after the other, the bytes of each behind a `front`.

    What grows beyond `in_memory` bytes, or finds the `budget` spent, goes on in a file in `folder`.
    """

    def __init__(self, folder: Path, in_memory: int, budget: Budget) -> None:
        self._folder, self._in_memory, self._budget = folder, in_memory, budget
        self._view = memoryview(bytearray())
        self._front = self._end = 0
        self._digest = hashlib.sha256()
        self._file: int | None = None
        self._path = Path()
        self._lost = False

    def begin(self, front: bytes, digest: "hashlib._Hash") -> None:
        """A new data set behind `front`, which `digest` goes on with."""
        self.clear()
        self._digest = digest
        if not self._view:
            self._view = memoryview(bytearray(FIRST_ROOM))
        self._view[: len(front)] = front
        self._front = self._end = len(front)

    def room(self, count: int) -> memoryview:
        """Where the next bytes go, up to `count` of them."""
        if self._in_place:
            needed = self._end + count
            if needed <= len(self._view) or self._grown(needed):
                return self._view[self._end : needed]
            self._spill()
        return self._view[: min(count, _PIECE)]

    def took(self, count: int) -> None:
        """The room that was asked for last holds `count` more bytes."""
        self._end += count
        if self._file is not None:
            self._write(self._view[:count])
            self._digest.update(self._view[:count])

    def whole(self) -> Landed | None:
        """The object, when all of it has landed; None when the disk had no room for it."""
        if self._lost:
            return None
        if self._file is not None:
            return Landed(self._path, self._end, self._front, self._digest.hexdigest())
        self._digest.update(self._view[self._front : self._end])
        return Landed(self._view[: self._end], self._end, self._front, self._digest.hexdigest())

    def clear(self) -> None:
        """Forget what has landed, and give back what it took."""
        self._unspill()
        self._shrink()
        self._lost = False
        self._front = self._end = 0

    @property
    def _in_place(self) -> bool:
        """Whether it is in memory as a whole."""
        return self._file is None and not self._lost

    def _unspill(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._path.unlink(missing_ok=True)
            self._file = None

    def _grown(self, needed: int) -> bool:
        size = max(needed, min(2 * len(self._view), self._in_memory))
        if needed > self._in_memory or not self._budget.take(size - len(self._view)):
            return False
        larger = memoryview(bytearray(size))
        larger[: self._end] = self._view[: self._end]
        self._view = larger
        return True

    def _shrink(self) -> None:
        if len(self._view) > FIRST_ROOM:
            self._budget.give_back(len(self._view) - FIRST_ROOM)
            self._view = memoryview(bytearray(FIRST_ROOM))

    def _spill(self) -> None:
        self._file, name = tempfile.mkstemp(prefix=SPOOLED, dir=self._folder)
        self._path = Path(name)
        self._write(self._view[: self._end])
        self._digest.update(self._view[self._front : self._end])
        self._shrink()

    def _write(self, piece: memoryview) -> None:
        assert self._file is not None
        try:
            while piece:
                piece = piece[os.write(self._file, piece) :]
        except OSError as failed:
            if failed.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._unspill()
            self._lost = True
