"""Bulk data of a request until its data sets are put together: one file of the spool, whatever comes."""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass

from services.receiver.upper.landing import Spool

Piece = bytes | slice
"""Bytes, or where they lie in the file."""


class NoRoom(Exception):
    """The disk is full, or fails; or there is no memory, or no other resource of ours."""


@dataclass(frozen=True, slots=True)
class BulkPart:
    """One part: its media type, the transfer syntax that it names or '', and where its bytes lie."""

    media_type: str
    transfer_syntax: str
    where: slice

    @property
    def size(self) -> int:
        """Bytes."""
        return int(self.where.stop - self.where.start)


class Bulk:
    """The bulk data of one request, by their URIs; several parts of one URI are frames, in their order."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._file: int | None = None
        self._end = self._begun = 0
        self._parts: dict[str, list[BulkPart]] = {}

    def take(self, view: memoryview) -> None:
        """More bytes of the part that comes. Raises NoRoom."""
        try:
            self._spool.write(self._opened(), view, self._end)
        except OSError:
            raise NoRoom from None
        self._end += len(view)

    def end(self, uri: str, media_type: str, transfer_syntax: str) -> None:
        """The part is whole."""
        part = BulkPart(media_type, transfer_syntax, slice(self._begun, self._end))
        self._parts.setdefault(uri, []).append(part)
        self._begun = self._end

    def of(self, uri: str) -> Sequence[BulkPart]:
        """The parts of that URI; none, when none came."""
        return self._parts.get(uri, ())

    def read(self, part: BulkPart) -> bytes:
        """All of a part."""
        return os.pread(self._opened(), part.size, part.where.start)

    def splice(self, pieces: Sequence[Piece]) -> "Spliced":
        """The pieces one after the other, to be read."""
        return Spliced(self._opened(), pieces)

    def close(self) -> None:
        """Forget all."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        """The file, which has no name: it goes with the request, however that ends."""
        if self._file is None:
            self._file, path = self._spool.make()
            path.unlink()
        return self._file


class Spliced(io.BufferedIOBase):
    """Pieces, of a file or not, as one stream: what pydicom writes without having all of it in memory."""

    def __init__(self, file: int, pieces: Sequence[Piece]) -> None:
        self._file, self._pieces = file, pieces
        self._size = sum(map(_length, pieces))
        self._next = self._in_piece = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return sum(map(_length, self._pieces[: self._next])) + self._in_piece

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """To the beginning, or to the end, only: nobody asks for more."""
        if offset:
            raise io.UnsupportedOperation
        self._next, self._in_piece = (0, 0) if whence == io.SEEK_SET else (len(self._pieces), 0)
        return self.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes, of one piece; b'' at the end."""
        while self._next < len(self._pieces):
            data = self._of_piece(self._pieces[self._next], size)
            self._in_piece += len(data)
            if data:
                return data
            self._next, self._in_piece = self._next + 1, 0
        return b""

    def _of_piece(self, piece: Piece, size: int | None) -> bytes:
        left = _length(piece) - self._in_piece
        count = left if size is None or size < 0 else min(left, size)
        if isinstance(piece, bytes):
            return piece[self._in_piece : self._in_piece + count]
        return os.pread(self._file, count, piece.start + self._in_piece)


def _length(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else int(piece.stop - piece.start)
