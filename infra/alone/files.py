"""Which files there are, and where results go: never over anything that is there."""

import contextlib
import mmap
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.anonymiser.dataset.mapped import PIECE, pieces

_PRIVATE_FOLDER, _OWNER_ONLY = 0o750, 0o600


class Exists(Exception):
    """There is a file of that name with other content."""


class NoFile(Exception):
    """It is no regular file, or may not be read; `why` is a reason for the report."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def inputs(given: Path) -> Iterator[Path]:
    """The file itself, or all that lie in the folder, at any depth; links to folders are not followed.

    A folder that cannot be read is given itself, so that it is not passed over in silence.
    """
    if not given.is_dir():
        yield given
        return
    waiting = [given]
    while waiting:
        folder = waiting.pop()
        try:
            found = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            yield folder
            continue
        yield from (Path(entry.path) for entry in found if not _is_folder(entry, linked=True))
        waiting += [Path(entry.path) for entry in reversed(found) if _is_folder(entry, linked=False)]


def _is_folder(entry: os.DirEntry[str], *, linked: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=linked)
    except OSError:  # a circle of links
        return False


def within(path: Path, folder: Path) -> bool:
    """Whether `path`, which need not exist, lies in `folder` or is it, through all links."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


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
        _take(name, target)
    except FileExistsError:
        if not _same(Path(name), target):
            raise Exists from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _take(name: str, target: Path) -> None:
    """Gives the file `name` the name `target` if that is free. Raises FileExistsError."""
    try:
        # A link is refused when the name is taken, which a rename would not be.
        os.link(name, target)
    except FileExistsError:
        raise
    except OSError:
        # Memory sticks and network drives have no links: the name is taken first, and filled at once.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
        os.replace(name, target)


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
