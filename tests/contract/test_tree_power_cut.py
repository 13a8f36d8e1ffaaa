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
from pathlib import Path

import pytest

from shared.outcome import Transient
from shared.storage import TreeStore
from tests.support.disk import KINDS, Disk, disk, missing

BUCKET = "identified"
THREADS, SECONDS = 6, 1.5


@pytest.fixture(params=KINDS)
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if why := missing(request.param):
        pytest.skip(why)
    with disk(request.param, tmp_path) as made:
        (made.folder / BUCKET).mkdir()
        yield made


def key_of(data: bytes) -> str:
    """Few folders, so that they come and go."""
    digest = hashlib.sha256(data).hexdigest()
    return f"site-{digest[0]}/{digest[1]}/{digest}.dcm"


class Senders:
    """Put without end, and delete some of it again, until the power goes; know what was acknowledged."""

    def __init__(self, folder: Path) -> None:
        # As several processes: none knows what the others have made, synced or removed.
        self._stores = [TreeStore(folder, BUCKET) for _ in range(3)]
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
                store.put(key_of(data), data, "application/x-kept")
                if secrets.randbelow(2):
                    store.delete(key_of(data))
                else:
                    done[key_of(data)] = len(data)
            except Transient:
                break
        return done


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


@pytest.mark.parametrize("synced", ["nothing", "files only", "all"])
def test_this_sees_what_is_not_on_the_disk(small_disk: Disk, monkeypatch: pytest.MonkeyPatch, synced: str) -> None:
    fsync = os.fsync

    def sync_some(descriptor: int) -> None:
        if synced == "all" or (synced == "files only" and stat.S_ISREG(os.fstat(descriptor).st_mode)):
            fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync_some)
    sync_now(small_disk.folder)
    TreeStore(small_disk.folder, BUCKET).put("a/b/c.dcm", b"x" * 50_000)
    small_disk.cut()
    small_disk.restart()
    assert TreeStore(small_disk.folder, BUCKET).exists("a/b/c.dcm") is (synced == "all")


def sync_now(folder: Path) -> None:
    """The bucket itself is there in any case."""
    subprocess.run(["sync", folder], check=True)
