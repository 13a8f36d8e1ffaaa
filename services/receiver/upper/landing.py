"""Where a data set arrives: in its final place behind preamble and file meta, in memory or, when large, in a file."""

import errno
import fcntl
import hashlib
import mmap
import os
import tempfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader, FileIO, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from shared.durable import append
from shared.storage import Filed

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FIRST_ROOM = 1024 * 1024
"""Bytes that a landing begins with: most instances need no more."""
LEAST_ROOM = 64 * 1024
"""Bytes that each association has beside the budget, so that it goes on, if slowly, when all of that is spent."""
SPOOLED = "arriving-"
"""How the files are called."""
_PATIENCE = 0.5
"""Seconds that a data set waits for its first room. Its sender waits with it, which lets the others end."""
_PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS


@dataclass(frozen=True, slots=True)
class Landed:
    """A whole object, in memory or in a file until the landing is cleared.

    `size`: its bytes, of which the first `front` stand before the data set. `digest`: in hexadecimal digits, of what
    `begin` was given and the data set.
    """

    content: memoryview | Filed
    size: int
    front: int
    digest: str

    def head(self, count: int) -> bytes:
        """The first bytes of the data set."""
        if isinstance(self.content, memoryview):
            return bytes(self.content[self.front : self.front + count])
        with self.content.path.open("rb") as file:
            file.seek(self.front)
            return file.read(count)

    def open(self) -> BinaryIO:
        """The data set, to be read."""
        if isinstance(self.content, memoryview):
            return BufferedReader(_Viewed(self.content[self.front : self.size]))
        return cast(BinaryIO, _From(self.content.path, self.front))


class _Viewed(RawIOBase):
    """Memory as a file, without a copy of it."""

    def __init__(self, view: memoryview) -> None:
        self._view, self._at = view, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """As any file's."""
        into = memoryview(buffer)
        piece = self._view[self._at : self._at + len(into)]
        into[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Likewise."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._view)}[whence]
        self._at = max(0, start + offset)
        return self._at


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


@dataclass(frozen=True, slots=True)
class Spool:
    """The folder for what does not stay in memory, and the disk that it is on."""

    folder: Path
    disk: Disk

    def make(self) -> tuple[int, Path]:
        """A new file, open and locked for as long as it is. Raises OSError."""
        while True:
            file, name = tempfile.mkstemp(prefix=SPOOLED, dir=self.folder)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError:
                os.close(file)
                raise
            if os.fstat(file).st_nlink:
                return file, Path(name)
            os.close(file)  # somebody was tidying just before it was locked

    def write(self, file: int, piece: memoryview, before: int) -> None:
        """All of it behind `before` bytes, where the disk has room beyond its reserve. Raises OSError."""
        with self.disk.promised(len(piece)) as granted:
            if not granted:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            append(file, piece, before)

    @property
    def size(self) -> int:
        """Bytes that lie in it; 0 when its disk cannot be asked."""
        with suppress(OSError):
            return sum(_size(file) for file in self.folder.glob(f"{SPOOLED}*"))
        return 0

    def tidy(self) -> None:
        """Remove what nobody holds open any more. Process ids tell nothing: in a container they come again."""
        for left in self.folder.glob(f"{SPOOLED}*"):
            with suppress(OSError), left.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0  # it has just gone


class Landing:
    """Takes one data set after the other, the bytes of each behind a `front`.

    What grows beyond `in_memory` bytes, or finds the `budget` spent, goes on in a file of the `spool`.
    """

    def __init__(self, spool: Spool, in_memory: int, budget: Budget) -> None:
        self._spool, self._in_memory, self.budget = spool, in_memory, budget
        self._view = memoryview(b"")
        self._held = 0
        self._front = self._end = 0
        self._digest = hashlib.sha256()
        self._crc32 = 0
        self._file: int | None = None
        self._path = Path()
        self._lost = False

    def begin(self, front: bytes, digest: "hashlib._Hash") -> None:
        """A new data set behind `front`, which `digest` goes on with."""
        self.clear()
        self._digest = digest
        if not self._held:
            self._make_first_room(_PATIENCE)
        self._view[: len(front)] = front
        self._front = self._end = len(front)

    def room(self, count: int) -> memoryview:
        """Where the next bytes go, up to `count` of them."""
        if self._in_place:
            needed = self._end + count
            if needed <= len(self._view) or self._grown(needed):
                return self._view[self._end : needed]
            self._spill()
        return self._view[:count]

    def took(self, count: int) -> None:
        """The room that was asked for last holds `count` more bytes.

        They are digested at once: the sender sends on meanwhile, and what has just been copied is in the cache yet.
        """
        begin = self._end if self._in_place else 0
        piece = self._view[begin : begin + count]
        self._digest.update(piece)
        self._end += count
        if self._file is not None:
            self._write(piece)

    def whole(self) -> Landed | None:
        """The object, when all of it has landed; None when the disk had no room for it."""
        if self._lost:
            return None
        if self._file is not None:
            content = Filed(self._path, self._end, self._crc32)
            return Landed(content, self._end, self._front, self._digest.hexdigest())
        return Landed(self._view[: self._end], self._end, self._front, self._digest.hexdigest())

    def clear(self) -> None:
        """Forget what has landed, and give back what the next one may not need."""
        self._unspill()
        self._shrink()
        self._lost = False
        self._front = self._end = 0

    def close(self) -> None:
        """Forget what has landed, and give back everything."""
        self._unspill()
        self._let_go()

    @property
    def _in_place(self) -> bool:
        """Whether it is in memory as a whole."""
        return self._file is None and not self._lost

    def _make_first_room(self, patience: float) -> None:
        first = self._taken(FIRST_ROOM, patience)
        if first is not None:
            self._view, self._held = first, FIRST_ROOM
        elif not self._view:
            self._view = _pages(LEAST_ROOM)

    def _grown(self, needed: int) -> bool:
        size = max(needed, min(2 * len(self._view), self._in_memory))
        larger = self._taken(size) if needed <= self._in_memory else None  # both are there while one is copied
        if larger is None:
            return False
        larger[: self._end] = self._view[: self._end]
        self._let_go()
        self._view, self._held = larger, size
        return True

    def _taken(self, size: int, patience: float = 0.0) -> memoryview | None:
        """So much of the budget, or None when there is none, or the system has none."""
        if not self.budget.take(size, patience):
            return None
        try:
            return _pages(size)
        except OSError:
            self.budget.give_back(size)
            return None

    def _shrink(self) -> None:
        if self._held > FIRST_ROOM:
            self._let_go()

    def _let_go(self) -> None:
        self._view = memoryview(b"")
        self.budget.give_back(self._held)
        self._held = 0

    def _spill(self) -> None:
        try:
            self._file, self._path = self._spool.make()
            self._crc32 = 0
        except OSError:
            self._lost = True
        else:
            self._write(self._view[: self._end])
        if self._held != FIRST_ROOM:
            self._let_go()
            self._make_first_room(0)

    def _write(self, piece: memoryview) -> None:
        assert self._file is not None
        self._crc32 = zlib.crc32(piece, self._crc32)
        try:
            self._spool.write(self._file, piece, self._end - len(piece))
        except OSError:
            self._unspill()
            self._lost = True

    def _unspill(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        with suppress(OSError):  # a disk that has failed; the next start removes it
            os.close(file)
        with suppress(OSError):
            self._path.unlink()


def _pages(size: int) -> memoryview:
    """Memory that goes back to the system when nobody looks at it any more, which what `malloc` gives may not."""
    return memoryview(mmap.mmap(-1, size, flags=_PRIVATE))
