"""The folders of a tree, held open, so that it is known which of them are on the disk already.

A new name is on the disk when its folder has been synced, and this folder when the one above it has, up to the root.
Others make and remove folders too (the S3 server, other processes) and may not have come so far as to sync them. So:

- A folder is kept open from the moment it was found: what is known of it holds for this very folder, never for another
  that has its name, or its inode number, later.
- Only an empty folder can be removed, and a removed one stays dead: nothing can be renamed into it (ENOENT). If a file
  could, its folder has lived all the time, and so have all above it, which were never empty. Once they have been synced
  up to the root (`_rooted`) with this folder in them, they need no other sync; the file's own folder does.
- A sync covers all that was renamed into the folder before it began. Who comes while one is running waits for the next,
  and shares that; who comes alone waits for nobody. Between processes the file system's journal does the same.
- The kernel tells once that a sync has failed: the next one succeeds, although something was lost. A folder that has
  failed fails therefore for everybody, and whoever tries again opens it anew.
"""

import os
import threading
import weakref
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from shared.durable import sync_folder, sync_open_folder

OPEN = 256
"""Folders held open for later: all of a site whose keys begin with two hexadecimal digits."""


class Folder:
    """One folder, for as long as somebody refers to it."""

    def __init__(self, descriptor: int, above: "Folder | None") -> None:
        self.descriptor = descriptor
        self._above = above
        self._rooted = above is None
        self._turn = threading.Condition()
        self._running = False
        self._begun = self._done = 0
        self._failed: int | None = None
        weakref.finalize(self, os.close, descriptor).atexit = False

    def below(self, name: str) -> "Folder":
        """The folder of that name in this one, made if need be. Raises FileNotFoundError when this one is dead."""
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=self.descriptor)
        return Folder(os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.descriptor), self)

    def settle(self) -> None:
        """Return when all that was renamed into this folder by now is on the disk. Raises OSError."""
        self._sync()
        if self._above is not None and not self._rooted:
            self._above.settle()
            self._rooted = True

    def _sync(self) -> None:
        """Return when a sync that began after this call has ended."""
        with self._turn:
            mine = self._begun + 1
            self._turn.wait_for(lambda: not self._running or self._done >= mine)
            if self._failed is not None:
                raise OSError(self._failed, os.strerror(self._failed))
            if self._done >= mine:
                return
            self._begun, self._running = mine, True
        try:
            sync_open_folder(self.descriptor)
            self._done = mine
        except OSError as failed:
            self._failed = failed.errno
            raise
        finally:
            with self._turn:
                self._running = False
                self._turn.notify_all()


class Folders:
    """The folders of the bucket that lies at `place`."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._lately: OrderedDict[str, Folder] = OrderedDict()

    def at(self, path: str) -> Folder:
        """The folder that keys call `path`, made if need be. Raises FileNotFoundError when one of its way dies."""
        with self._lock:
            if path in self._lately:
                self._lately.move_to_end(path)
                return self._lately[path]
        above, _, name = path.rpartition("/")
        folder = self.at(above).below(name) if path else self._bucket()
        with self._lock:
            folder = self._lately.setdefault(path, folder)
            if len(self._lately) > OPEN:
                self._lately.popitem(last=False)
        return folder

    def forget(self, path: str) -> None:
        """Something on this way has died or failed: look at all of it anew."""
        with self._lock:
            while path:
                self._lately.pop(path, None)
                path = path.rpartition("/")[0]
            self._lately.pop("", None)

    def forget_moved(self, told: os.stat_result) -> None:
        """Forget all, unless the bucket's folder is still the one that `told` is of."""
        with self._lock:
            bucket = self._lately.get("")
            if bucket and not os.path.samestat(told, os.fstat(bucket.descriptor)):
                self._lately.clear()

    def _bucket(self) -> Folder:
        """The folder of the bucket. Whoever made it did not sync it."""
        bucket = Folder(os.open(self._place, os.O_RDONLY | os.O_DIRECTORY), None)
        for folder in self._place.resolve().parents:  # it may be a link, which is not where it lies
            # Above the tree there may be folders that we may not open: those are not made together with it.
            with suppress(PermissionError):
                sync_folder(folder)
        return bucket
