"""The store of a one-host node without the way through its S3 server: the files of the tree that versitygw serves.

What is written here is an object there at once, and the other way round. No S3 server that runs on one host syncs what
it acknowledges; here a file, its attributes and every folder on its way are on the disk when `put` returns.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from shared.durable import is_volatile, sync_file, sync_folder
from shared.outcome import Transient
from shared.storage.drafts import Drafts, drop, dropped_on_failure
from shared.storage.folders import Folders
from shared.storage.store import AccessDenied, Content, Filed, Listed, ObjectNotFound
from shared.storage.walk import files, is_path

_ATTEMPTS = 100
"""A folder that has become empty is removed by whoever deletes its last object, perhaps under our hands."""


class TreeStore:
    """One bucket: the folder `root`/`bucket`, on a file system with extended attributes."""

    def __init__(self, root: Path, bucket: str) -> None:
        self.name = bucket
        self._folder = root / bucket
        self._drafts = Drafts(self._folder)
        self._folders = Folders(self._folder)

    @cached_property
    def durable(self) -> bool:
        """Syncing alone does not make it so: there are file systems without a disk."""
        with _failures():
            self._verify()
            return not is_volatile(self._folder)

    def put(self, key: str, data: Content, content_type: str = "application/dicom") -> None:
        _check(key)
        with _failures():
            self._folders.forget_moved(self._verify())
            draft = self._drafts.make(data, content_type)
            with dropped_on_failure(draft):
                self._settle(key, lambda name, folder: os.rename(draft, name, dst_dir_fd=folder))
                if isinstance(data, Filed):
                    drop(draft)  # a rename does nothing where the key is another name of the same file already

    def get(self, key: str) -> bytes:
        place = self._place(key)
        with _failures(), _looking():
            self._verify()
            return place.read_bytes()

    def part(self, key: str, start: int, count: int) -> bytes:
        place = self._place(key)
        with _failures(), _looking():
            self._verify()
            with place.open("rb", buffering=0) as file:
                return os.pread(file.fileno(), count, start)

    def exists(self, key: str) -> bool:
        place = self._place(key)
        with _failures():
            self._verify()
            return place.is_file()

    def secure(self, key: str) -> None:
        def sync(name: str, folder: int) -> None:
            self._require(key)
            sync_file(name, folder)

        self._require(key)  # before its folders are made
        with _failures():
            self._folders.forget_moved(self._verify())
            self._settle(key, sync)

    def keys(self, prefix: str = "") -> Iterator[str]:
        with _failures():
            self._verify()
            yield from (key for key, _ in files(self._folder, prefix))

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        with _failures():
            self._verify()
            for key, file in files(self._folder, prefix):
                with suppress(FileNotFoundError):
                    told = file.stat()
                    yield Listed(key, datetime.fromtimestamp(told.st_mtime, UTC), told.st_size)

    def delete(self, key: str) -> None:
        target = self._place(key)
        with _failures(), suppress(ObjectNotFound), _looking():
            self._verify()
            target.unlink()
            sync_folder(target.parent)
            self._tidy(target)

    def abort_orphans(self, older_than: timedelta) -> int:
        with _failures():
            self._verify()
            return self._drafts.remove(older_than)

    def _tidy(self, target: Path) -> None:
        """Folders that have become empty go, as with the server."""
        for folder in target.relative_to(self._folder).parents[:-1]:
            try:
                (self._folder / folder).rmdir()
            except OSError:
                return  # something lies there, or it is gone

    def _place(self, key: str) -> Path:
        """Raises ValueError for a key that leads somewhere else."""
        _check(key)
        return self._folder / key

    def _require(self, key: str) -> None:
        if not self.exists(key):
            raise ObjectNotFound

    def _verify(self) -> os.stat_result:
        """Where the bucket is not, perhaps because its disk is not mounted, nothing may be taken for missing."""
        try:
            return self._folder.stat()
        except FileNotFoundError:
            raise AccessDenied("NoSuchBucket") from None

    def _settle(self, key: str, enter: Callable[[str, int], None]) -> None:
        """`enter` what gets a name and the descriptor of its folder; then have all that leads there on the disk."""
        path, _, name = key.rpartition("/")
        for _ in range(_ATTEMPTS):
            try:
                folder = self._folders.at(path)
                enter(name, folder.descriptor)
                return folder.settle()
            except FileNotFoundError:
                self._folders.forget(path)
            except OSError:
                self._folders.forget(path)
                raise
        raise Transient("the folder goes away again and again")


def _check(key: str) -> None:
    if not is_path(key):
        raise ValueError("no key of an object")


@contextmanager
def _looking() -> Iterator[None]:
    """What is not on the way to an object tells that there is none."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise ObjectNotFound from None


@contextmanager
def _failures() -> Iterator[None]:
    """Turn errors into ours. Their texts name files, so only their kind is kept."""
    try:
        yield
    except PermissionError:
        raise AccessDenied("permission") from None
    except OSError as failed:
        raise Transient(errno.errorcode.get(failed.errno or 0, "OSError")) from None
