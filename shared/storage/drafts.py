"""Files on their way into a tree: whole, with attributes, and on the disk before they get an object's name."""

import os
import secrets
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from zlib import crc32

from shared.storage.content import verify
from shared.storage.store import Content, Filed
from shared.storage.walk import DRAFTS

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_PORTION = 64 * 1024 * 1024
"""Bytes of a file that are not on the disk at most: whoever syncs meanwhile has to wait for them."""
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
        descriptor, name = self._open()
        try:
            size = _copy(content, descriptor) if isinstance(content, Filed) else _write(content, descriptor)
            # Attributes come before the sync: set after it, a power cut takes them. The tag is no MD5, nor like one.
            os.setxattr(descriptor, "user.etag", f'"{time.time_ns():x}-{size:x}"'.encode())
            os.setxattr(descriptor, "user.content-type", content_type.encode())
            # Not fdatasync, which may leave the attributes out; for a new file both cost the same.
            os.fsync(descriptor)
        except BaseException:
            os.unlink(name)
            raise
        finally:
            os.close(descriptor)
        return name

    def _open(self) -> tuple[int, str]:
        """A new file of a name that nobody else has; in a new folder, where somebody has removed it."""
        name = f"{self._folder}/{os.getpid()}-{secrets.token_hex(8)}"
        try:
            return os.open(name, _NEW, 0o600), name
        except FileNotFoundError:
            self._folder.mkdir(exist_ok=True)
            return os.open(name, _NEW, 0o600), name

    def remove(self, older_than: timedelta) -> int:
        """Remove what nobody has written to for that long; returns how many there were.

        Uploads in parts, in a folder beside, are known to the server only.
        """
        limit = time.time() - older_than.total_seconds()
        with suppress(FileNotFoundError), os.scandir(self._folder) as drafts:
            return sum(_is_removed(draft, limit) for draft in drafts)
        return 0


def _is_removed(draft: "os.DirEntry[str]", limit: float) -> bool:
    try:
        if not draft.is_file() or draft.stat().st_mtime >= limit:
            return False
        os.unlink(draft)
    except FileNotFoundError:
        return False
    return True


def _write(content: bytes | memoryview, descriptor: int) -> int:
    """The size. One call writes 2 GiB at most."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
    return len(content)


def _copy(content: Filed, descriptor: int) -> int:
    """The size. In pieces, because what the kernel copies by itself nobody can check."""
    size, crc, buffer = 0, 0, memoryview(bytearray(_PIECE))
    with content.path.open("rb", buffering=0) as source:
        while count := source.readinto(buffer):
            crc = crc32(buffer[:count], crc)
            _write(buffer[:count], descriptor)
            if size // _PORTION < (size + count) // _PORTION:
                os.fdatasync(descriptor)
            size += count
    verify(size, content.size)
    verify(crc, content.crc32)
    return size
