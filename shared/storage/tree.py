"""The store of a one-host node without the way through its S3 server: the files of the tree that versitygw serves.

What is written here is an object there at once, and the other way round. No S3 server that runs on one host syncs what
it acknowledges; here a file, its attributes and every folder on its way are on the disk when `put` returns.
"""

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from shared.outcome import Transient
from shared.storage.store import AccessDenied, Content, ObjectNotFound

_DRAFTS = ".sgwtmp"
"""versitygw's own folder for what is on its way, in each bucket: it lists nothing of it."""
_PIECE = 1024 * 1024
_ATTEMPTS = 100
"""A folder that has become empty is removed by whoever deletes its last object, perhaps under our hands."""


class TreeStore:
    """One bucket: the folder `root`/`bucket`, on a file system with extended attributes."""

    durable = True

    def __init__(self, root: Path, bucket: str) -> None:
        self.name = bucket
        self._folder = root / bucket

    def put(self, key: str, data: Content, content_type: str = "application/dicom") -> None:
        target = self._place(key)
        with _failures():
            draft = self._draft(data, content_type)
            try:
                self._publish(draft, target)
            finally:
                draft.unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        with _failures():
            return self._place(key).read_bytes()

    def part(self, key: str, start: int, count: int) -> bytes:
        with _failures(), self._place(key).open("rb") as file:
            file.seek(start)
            return file.read(count)

    def exists(self, key: str) -> bool:
        with _failures():
            return self._place(key).is_file()

    def keys(self, prefix: str = "") -> Iterator[str]:
        found: list[str] = []
        with _failures():
            for folder, folders, names in os.walk(self._folder):
                folders[:] = [name for name in folders if name != _DRAFTS]
                found += ((Path(folder) / name).relative_to(self._folder).as_posix() for name in names)
        yield from sorted(key for key in found if key.startswith(prefix))

    def delete(self, key: str) -> None:
        target = self._place(key)
        with _failures(), suppress(FileNotFoundError):
            target.unlink()
            _sync(target.parent)
            self._tidy(target)

    def _tidy(self, target: Path) -> None:
        """Folders that have become empty go, as with the server."""
        for folder in target.relative_to(self._folder).parents[:-1]:
            try:
                (self._folder / folder).rmdir()
            except OSError:
                return  # something lies there, or it is gone

    def _place(self, key: str) -> Path:
        """Raises ValueError for a key that leads somewhere else."""
        parts = key.split("/")
        if not all(parts) or {".", "..", _DRAFTS} & set(parts) or "\0" in key:
            raise ValueError("no key of an object")
        return self._folder.joinpath(*parts)

    def _draft(self, data: Content, content_type: str) -> Path:
        """A file with the content and its attributes, on the disk."""
        folder = self._folder / _DRAFTS
        folder.mkdir(exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _copy(data, file)
                file.flush()
                # Attributes come before the sync: set after it, a power cut takes them.
                os.setxattr(descriptor, "user.etag", f'"{time.time_ns():x}-{file.tell():x}"'.encode())
                os.setxattr(descriptor, "user.content-type", content_type.encode())
                os.fsync(descriptor)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return Path(name)

    def _publish(self, draft: Path, target: Path) -> None:
        folders = [self._folder / folder for folder in target.relative_to(self._folder).parents]
        for _ in range(_ATTEMPTS):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                draft.replace(target)
                # All of them, whoever made them: he may not have come so far.
                for folder in folders:
                    _sync(folder)
            except (FileNotFoundError, FileExistsError):
                continue
            return
        raise Transient("the folder goes away again and again")


def open_tree(root: Path, bucket: str) -> TreeStore:
    """The bucket of that name. Raises Transient when there is none."""
    with _failures():
        if not (root / bucket).is_dir():
            raise Transient("no such bucket")
    return TreeStore(root, bucket)


def _copy(data: Content, file: BinaryIO) -> None:
    if isinstance(data, Path):
        with data.open("rb") as source:
            shutil.copyfileobj(source, file, _PIECE)
    else:
        file.write(data)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _failures() -> Iterator[None]:
    """Turn errors into ours. Their texts name files, so only their kind is kept."""
    try:
        yield
    except FileNotFoundError:
        raise ObjectNotFound from None
    except PermissionError:
        raise AccessDenied("permission") from None
    except IsADirectoryError:
        raise ObjectNotFound from None
    except OSError as failed:
        raise Transient(errno.errorcode.get(failed.errno or 0, "OSError")) from None
