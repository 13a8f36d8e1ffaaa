"""Which folders are synced when, and by whom."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.storage.folders import OPEN, Folders


class Syncs:
    """Stands for fsync: knows which folders were synced; `during` happens in each."""

    def __init__(self, bucket: Path) -> None:
        self.folders: list[str] = []
        self.during: Callable[[], None] = lambda: None
        self._bucket = bucket

    def __call__(self, descriptor: int) -> None:
        self.folders.append(os.path.relpath(os.readlink(f"/proc/self/fd/{descriptor}"), self._bucket))
        self.during()


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    (tmp_path / "bucket").mkdir()
    return tmp_path / "bucket"


@pytest.fixture
def syncs(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> Syncs:
    seen = Syncs(bucket)
    monkeypatch.setattr(os, "fsync", seen)
    return seen


def add(folders: Folders, path: str, name: str) -> None:
    """As a store: rename something into the folder, then have it on the disk."""
    folder = folders.at(path)
    os.close(os.open("draft", os.O_CREAT, dir_fd=folder.descriptor))
    os.rename("draft", name, src_dir_fd=folder.descriptor, dst_dir_fd=folder.descriptor)
    folder.settle()


def test_the_whole_way_once_and_then_the_last_folder_only(bucket: Path, syncs: Syncs) -> None:
    folders = Folders(bucket)
    add(folders, "site/ab", "1")
    assert syncs.folders[: len(bucket.parents)] == [os.path.relpath(above, bucket) for above in bucket.parents]
    assert syncs.folders[len(bucket.parents) :] == ["site/ab", "site", "."]
    syncs.folders.clear()
    add(folders, "site/ab", "2")
    assert syncs.folders == ["site/ab"]
    syncs.folders.clear()
    add(folders, "site/cd", "1")
    assert syncs.folders == ["site/cd", "site"]


def test_what_somebody_else_has_made_may_not_be_on_the_disk(bucket: Path, syncs: Syncs) -> None:
    folders = Folders(bucket)
    add(folders, "site/ab", "1")
    (bucket / "other" / "ab").mkdir(parents=True)
    syncs.folders.clear()
    add(folders, "other/ab", "1")
    assert syncs.folders == ["other/ab", "other", "."]


def test_a_folder_that_was_removed_is_another_one_when_it_comes_back(bucket: Path, syncs: Syncs) -> None:
    folders = Folders(bucket)
    add(folders, "site/ab", "1")
    (bucket / "site/ab/1").unlink()
    (bucket / "site/ab").rmdir()
    (bucket / "site/ab").mkdir()
    with pytest.raises(FileNotFoundError):
        add(folders, "site/ab", "2")
    folders.forget("site/ab")
    syncs.folders.clear()
    add(folders, "site/ab", "2")
    assert syncs.folders[-3:] == ["site/ab", "site", "."]
    assert (bucket / "site/ab/2").exists()


def test_a_bucket_that_is_another_one_is_looked_at_anew(bucket: Path, syncs: Syncs) -> None:
    folders = Folders(bucket)
    add(folders, "site", "1")
    folders.forget_moved(bucket.stat())
    add(folders, "site", "2")
    bucket.rename(bucket.with_name("elsewhere"))
    bucket.mkdir()
    folders.forget_moved(bucket.stat())
    add(folders, "site", "3")
    assert [file.name for file in (bucket / "site").iterdir()] == ["3"]


def test_those_who_come_during_a_sync_share_the_next(bucket: Path, syncs: Syncs) -> None:
    folders, gate, inside = Folders(bucket), threading.Event(), threading.Event()
    add(folders, "site", "0")
    syncs.folders.clear()

    def wait() -> None:
        inside.set()
        assert gate.wait(30)

    syncs.during = wait
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(add, folders, "site", "first")
        assert inside.wait(30)
        others = [pool.submit(folders.at("site").settle) for _ in range(8)]
        while len(folders.at("site")._turn._waiters) < 8:  # type: ignore[attr-defined]
            assert not any(other.done() for other in others), "the sync that runs began before it was called"
        gate.set()
        for work in (first, *others):
            work.result(30)
    assert syncs.folders == ["site", "site"]


def test_a_sync_that_failed_never_counts_again(bucket: Path, syncs: Syncs) -> None:
    def fail() -> None:
        raise OSError(errno.EIO, "")

    folders = Folders(bucket)
    add(folders, "site", "1")
    syncs.during = fail
    with pytest.raises(OSError) as told:
        add(folders, "site", "2")
    assert told.value.errno == errno.EIO
    # The kernel tells once.
    syncs.during = lambda: None
    with pytest.raises(OSError) as told:
        add(folders, "site", "3")
    assert told.value.errno == errno.EIO
    folders.forget("site")
    add(folders, "site", "4")


def test_only_so_many_stay_open(bucket: Path, syncs: Syncs) -> None:
    before, folders = len(os.listdir("/proc/self/fd")), Folders(bucket)
    for number in range(OPEN + 50):
        add(folders, f"site/{number}", "1")
    assert len(os.listdir("/proc/self/fd")) - before <= OPEN + 2
    del folders
    assert len(os.listdir("/proc/self/fd")) <= before


HELD_TO_THE_END = """
import os, pathlib, sys
from shared.storage.folders import Folders
os.held = Folders(pathlib.Path(sys.argv[1]))
os.held.at("site/ab")
"""


def test_nothing_is_said_when_the_process_ends(bucket: Path) -> None:
    command = [sys.executable, "-c", HELD_TO_THE_END, bucket]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == ""
