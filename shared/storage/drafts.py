"""Files on their way into a tree: whole, with attributes, and on the disk before they get an object's name."""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from io import FileIO
from pathlib import Path
from typing import TypeVar
from zlib import crc32

from shared.durable import append
from shared.storage.content import verify
from shared.storage.store import Content, Filed
from shared.storage.walk import DRAFTS

_T = TypeVar("_T")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_PIECE = 1024 * 1024
"""Bytes of a file that are in memory."""


class Drafts:
    """Those of the bucket in the folder `place`."""

    def __init__(self, place: Path) -> None:
        self._folder = place / DRAFTS

    def make(self, content: Content, content_type: str) -> str:
        """Write a file, and wait for the disk; its path.

        Raises OSError, and Transient for a file that gives other bytes.
        """
        descriptor, name = self._linked(content) or self._open()
        with dropped_on_failure(name):
            try:
                size = _filled(descriptor, content)
                # Attributes come before the sync: set after it, a power cut takes them. The tag is no MD5, nor like
                # one.
                os.setxattr(descriptor, "user.etag", f'"{time.time_ns():x}-{size:x}"'.encode())
                os.setxattr(descriptor, "user.content-type", content_type.encode())
                # Not fdatasync, which may leave the attributes out; for a new file both cost the same.
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return name

    def _linked(self, content: Content) -> tuple[int, str] | None:
        """A second name of the file that holds it, where that lies on the same file system: it is not written again."""
        if not isinstance(content, Filed):
            return None
        try:
            _, name = self._made(partial(os.link, content.path))
        except OSError:
            return None  # another file system, or what happens when it is copied too and tells why
        with dropped_on_failure(name):
            return os.open(name, os.O_RDONLY | os.O_CLOEXEC), name

    def _open(self) -> tuple[int, str]:
        """A new file."""
        return self._made(lambda name: os.open(name, _NEW, 0o600))

    def _made(self, make: Callable[[str], _T]) -> tuple[_T, str]:
        """What `make` makes of a name that nobody else has; in a new folder, where somebody has removed it."""
        name = f"{self._folder}/{os.getpid()}-{secrets.token_hex(8)}"
        try:
            return make(name), name
        except FileNotFoundError:
            self._folder.mkdir(exist_ok=True)
            return make(name), name

    def remove(self, older_than: timedelta) -> int:
        """Remove what nobody has written to for that long; returns how many there were.

        Uploads in parts, in a folder beside, are known to the server only.
        """
        limit = time.time() - older_than.total_seconds()
        with suppress(FileNotFoundError), os.scandir(self._folder) as drafts:
            return sum(_is_removed(draft, limit) for draft in drafts)
        return 0


@contextmanager
def dropped_on_failure(draft: str) -> Iterator[None]:
    """Drop it when this block fails. As the second name of a file it would keep all of that from being removed."""
    try:
        yield
    except BaseException:
        drop(draft)
        raise


def drop(draft: str) -> None:
    """Remove it, if it is there yet."""
    with suppress(FileNotFoundError):
        os.unlink(draft)


def _is_removed(draft: "os.DirEntry[str]", limit: float) -> bool:
    try:
        if not draft.is_file() or draft.stat().st_mtime >= limit:
            return False
        os.unlink(draft)
    except FileNotFoundError:
        return False
    return True


def _filled(descriptor: int, content: Content) -> int:
    """Have all of `content` in the file of `descriptor`, which may be its own; the size."""
    if not isinstance(content, Filed):
        append(descriptor, memoryview(content), 0)
        return len(content)
    with content.path.open("rb", buffering=0) as source:
        if os.path.samestat(os.fstat(descriptor), os.fstat(source.fileno())):
            return _verified(content, source)
        return _verified(content, source, partial(append, descriptor))


def _verified(
    content: Filed, source: FileIO, take: Callable[[memoryview, int], None] = lambda piece, before: None
) -> int:
    """The size of what `source` gives, which `take` gets in pieces, because what the kernel copies by itself nobody
    can check. Raises Transient when that is not what was written."""
    size, crc, buffer = 0, 0, memoryview(bytearray(_PIECE))
    while count := source.readinto(buffer):
        crc = crc32(buffer[:count], crc)
        take(buffer[:count], size)
        size += count
    verify(size, content.size)
    verify(crc, content.crc32)
    return size
