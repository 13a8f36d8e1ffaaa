"""Which files there are, and where results go: never over anything that is there."""

import contextlib
import mmap
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.anonymiser.dataset.mapped import PIECE, pieces

_PRIVATE_FOLDER = 0o750


class Exists(Exception):
    """There is a file of that name with other content."""


class NoFile(Exception):
    """It is no regular file, or may not be read; `why` is a reason for the report."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def inputs(given: Path) -> Iterator[Path]:
    """The file itself, or all that lie in the folder, at any depth; links to folders are not followed."""
    if not given.is_dir():
        yield given
        return
    for folder, folders, names in os.walk(given):
        folders.sort()
        for name in sorted(names):
            yield Path(folder) / name


@contextlib.contextmanager
def opened(path: Path) -> Iterator[memoryview]:
    """The bytes of a regular file without reading them all. Raises NoFile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise NoFile("unreadable-file") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NoFile("no-regular-file")
        if not found.st_size:
            raise NoFile("empty-file")
        mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)
    view = memoryview(mapped)
    try:
        yield view
    finally:
        # Whoever still holds a view of the pixels keeps the file mapped, and nothing else.
        with contextlib.suppress(BufferError):
            view.release()
            mapped.close()


def write(target: Path, chunks: Sequence[bytes | memoryview]) -> None:
    """Make the file `target` at once and whole. Raises Exists when there is another one; the same content is fine."""
    target.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".isocentre-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                _copy(chunk, file.fileno())
        # A link is refused when the name is taken, which a rename would not be.
        os.link(name, target)
    except FileExistsError:
        if not _same(Path(name), target):
            raise Exists from None
    finally:
        os.unlink(name)


def _copy(chunk: bytes | memoryview, descriptor: int) -> None:
    """Writes in pieces, so that a large file passes through little memory."""
    for piece in pieces(chunk):
        while piece:
            piece = piece[os.write(descriptor, piece) :]


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as a, other.open("rb") as b:
        while block := a.read(PIECE):
            if block != b.read(PIECE):
                return False
    return True
