"""What the tree has said yes to survives a power cut, whole and with its attributes."""

import hashlib
import os
import secrets
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.outcome import Transient
from shared.storage import Content, Filed, TreeStore
from tests.support.disk import KINDS, Disk, disk
from tests.support.filed import filed

BUCKET, SPOOL = "identified", "spool"
THREADS, SECONDS = 6, 1.5


@pytest.fixture(params=KINDS)
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with disk(request.param, tmp_path) as made:
        for name in (BUCKET, SPOOL):
            (made.folder / name).mkdir()
        yield made


@contextmanager
def spooled(spool: Path, data: bytes) -> Iterator[Filed]:
    """A file that has the data for as long as this block lasts. Raises OSError."""
    path = spool / secrets.token_hex(8)
    path.write_bytes(data)
    yield filed(path)
    path.unlink()


def key_of(data: bytes) -> str:
    """Few folders, so that they come and go."""
    digest = hashlib.sha256(data).hexdigest()
    return f"site-{digest[0]}/{digest[1]}/{digest}.dcm"


class Senders:
    """Put without end, and delete some of it again, until the power goes; know what was acknowledged."""

    def __init__(self, folder: Path) -> None:
        # As several processes: none knows what the others have made, synced or removed.
        self._stores = [TreeStore(folder, BUCKET) for _ in range(3)]
        self._spool = folder / SPOOL
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(THREADS)
        self._work = [self._pool.submit(self._put, number) for number in range(THREADS)]

    def end(self) -> dict[str, int]:
        """Sizes of the objects that must be there, by key."""
        self._over.set()
        with self._pool:
            return {key: size for work in self._work for key, size in work.result().items()}

    def _put(self, number: int) -> dict[str, int]:
        done: dict[str, int] = {}
        store = self._stores[number % len(self._stores)]
        while not self._over.is_set():
            data = secrets.token_bytes(secrets.randbelow(80_000))
            try:
                with self._content(data) as content:
                    store.put(key_of(data), content, "application/x-kept")
                if secrets.randbelow(2):
                    store.delete(key_of(data))
                else:
                    done[key_of(data)] = len(data)
            except (Transient, OSError):
                break
        return done

    @contextmanager
    def _content(self, data: bytes) -> Iterator[Content]:
        """The data, half of the time in a file that was not synced, which the store links to and the spool forgets."""
        if secrets.randbelow(2):
            yield data
            return
        with spooled(self._spool, data) as content:
            yield content


def test_what_was_acknowledged_is_there_and_nothing_is_half(small_disk: Disk) -> None:
    senders = Senders(small_disk.folder)
    time.sleep(SECONDS)
    small_disk.cut()
    wanted = senders.end()
    del senders
    small_disk.restart()
    store = TreeStore(small_disk.folder, BUCKET)
    found = {one.key: one.size for one in store.listed()}
    assert len(wanted) > THREADS
    assert wanted.items() <= found.items()
    for key in found:
        place = small_disk.folder / BUCKET / key
        assert key == key_of(store.get(key))
        assert os.getxattr(place, "user.content-type") == b"application/x-kept"
        assert os.getxattr(place, "user.etag").startswith(b'"')


def test_what_was_renamed_when_the_power_went_is_not_said_to_be_there(
    small_disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def rename_and_cut(*arguments: Any, **options: Any) -> None:
        rename(*arguments, **options)
        small_disk.cut()

    monkeypatch.setattr(os, "rename", rename_and_cut)
    store = TreeStore(small_disk.folder, BUCKET)
    with pytest.raises(Transient):
        store.put("a.dcm", b"x")
    del store


@pytest.mark.parametrize("way", ["memory", "linked"])
@pytest.mark.parametrize("synced", ["nothing", "folders only", "files only", "all"])
def test_this_sees_what_is_not_on_the_disk(
    small_disk: Disk, monkeypatch: pytest.MonkeyPatch, synced: str, way: str
) -> None:
    fsync = os.fsync

    def sync_some(descriptor: int) -> None:
        kind = "files only" if stat.S_ISREG(os.fstat(descriptor).st_mode) else "folders only"
        if synced in ("all", kind):
            fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync_some)
    sync_now(small_disk.folder)
    key, data, store = "a/b/c.dcm", b"x" * 50_000, TreeStore(small_disk.folder, BUCKET)
    with spooled(small_disk.folder / SPOOL, data) as content:
        store.put(key, data if way == "memory" else content)
        if way == "linked":
            assert (small_disk.folder / BUCKET / key).samefile(content.path)
    del store
    small_disk.cut()
    small_disk.restart()
    assert whole(small_disk.folder / BUCKET / key, data) is (synced == "all")


@pytest.mark.parametrize("secured", [True, False])
def test_what_somebody_else_wrote_is_on_the_disk_once_it_is_secured(small_disk: Disk, secured: bool) -> None:
    """As the S3 server writes, which syncs nothing."""
    sync_now(small_disk.folder)
    place, data = small_disk.folder / BUCKET / "a/b/c.dcm", b"x" * 50_000
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    os.setxattr(place, "user.etag", b"tag")
    store = TreeStore(small_disk.folder, BUCKET)
    if secured:
        store.secure("a/b/c.dcm")
    del store
    small_disk.cut()
    small_disk.restart()
    assert whole(place, data) is secured


def whole(place: Path, data: bytes) -> bool:
    """Whether the object has its bytes and its attributes."""
    return place.exists() and place.read_bytes() == data and "user.etag" in os.listxattr(place)


def sync_now(folder: Path) -> None:
    """The bucket itself is there in any case."""
    subprocess.run(["sync", folder], check=True)
