"""What the services need of an object store: one bucket at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from shared.outcome import Failure, Transient


@dataclass(frozen=True, slots=True)
class Filed:
    """An object in a file, and what was written there: a disk may give back something else, or less.

    Nobody writes to the file any more: a store on the same file system may keep it under another name.

    `size` in bytes; `crc32` of all of them.
    """

    path: Path
    size: int
    crc32: int

    def __bytes__(self) -> bytes:
        """All of it, in memory. Raises OSError."""
        return self.path.read_bytes()


Content = bytes | memoryview | Filed
"""An object, or the file that holds it."""


ORPHANED = timedelta(days=1)
"""What was begun this long ago, and is not finished, never will be: no upload takes a day."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a listing tells of one object; `size` in bytes."""

    key: str
    modified: datetime
    size: int


class ObjectNotFound(Failure):
    """There is no object of that key."""


class AccessDenied(Transient):
    """This user may not do that. Transient: a policy can be mended, and must not cost a single record meanwhile."""


class Store(Protocol):
    """One bucket. Everything raises `Transient` when the store does not answer or is out of resources."""

    name: str

    @property
    def durable(self) -> bool:
        """Whether an object survives a power cut as soon as `put` returns; asked once."""
        ...

    def put(self, key: str, data: Content, content_type: str = "application/dicom") -> None:
        """Store an object, replacing any of that key; returns when the store has confirmed its checksum.

        Of a file that is not what was written to it, nothing is stored: Transient."""
        ...

    def get(self, key: str) -> bytes:
        """The whole object. Raises `ObjectNotFound`."""
        ...

    def part(self, key: str, start: int, count: int) -> bytes:
        """Up to `count` bytes from `start` on; none behind the end. Raises `ObjectNotFound`."""
        ...

    def exists(self, key: str) -> bool:
        """Whether there is an object of exactly that key."""
        ...

    def secure(self, key: str) -> None:
        """Return when the object is as safe as one that `put` has just returned for. Raises `ObjectNotFound`.

        That it can be read does not tell: a `put` that failed at its last step leaves it readable, and not on the disk.
        """
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """The keys that begin with `prefix`, in order. What comes or goes meanwhile may be in it or not."""
        ...

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """The same with age and size."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""
        ...

    def abort_orphans(self, older_than: timedelta) -> int:
        """Remove what was begun that long ago and never finished, by whomever; returns how many there were."""
        ...


def probe(store: Store, user: str, *, writes: bool) -> None:
    """Fail at the door: raise unless `user` can do here what it will have to do.

    A reader asks for an object that need not exist: a denied user gets an error instead of "no". A writer removes
    what it, or another, left unfinished in an earlier life.
    """
    key = f".probe/{user}"
    if not writes:
        store.exists(key)
        return
    store.put(key, b"probe", "text/plain")
    store.delete(key)
    store.abort_orphans(ORPHANED)
