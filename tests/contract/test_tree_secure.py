"""Nothing is called secure before its file and every folder on its way were synced, whoever tried before."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.outcome import Transient
from shared.storage import ObjectNotFound, TreeStore

BUCKET, KEY, DATA = "identified", "site/ab/c.dcm", b"x" * 10_000
WAY = [KEY, "site/ab", "site", "."]
"""What has to be on the disk, as `Disk` tells it."""


class Disk:
    """Stands for fsync: fails for what is in `broken`, knows what else was synced in the bucket."""

    def __init__(self, bucket: Path) -> None:
        self.broken: set[str] = set()
        self.synced: list[str] = []
        self._bucket = bucket

    def __call__(self, descriptor: int) -> None:
        path = os.path.relpath(os.readlink(f"/proc/self/fd/{descriptor}"), self._bucket)
        if path in self.broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if not path.startswith(".."):
            self.synced.append(path)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    (tmp_path / BUCKET).mkdir()
    disk = Disk(tmp_path / BUCKET)
    monkeypatch.setattr(os, "fsync", disk)
    return disk


@pytest.fixture
def tree(disk: Disk, tmp_path: Path) -> TreeStore:
    return TreeStore(tmp_path, BUCKET)


def same(tree: TreeStore, root: Path) -> TreeStore:
    return tree


def another(tree: TreeStore, root: Path) -> TreeStore:
    return TreeStore(root, BUCKET)


@pytest.mark.parametrize("who", [same, another])
@pytest.mark.parametrize("broken", WAY[1:])
def test_what_was_not_synced_is_not_secure_although_it_can_be_read(
    disk: Disk, tree: TreeStore, tmp_path: Path, broken: str, who: Callable[[TreeStore, Path], TreeStore]
) -> None:
    disk.broken = {broken}
    with pytest.raises(Transient, match="EIO"):
        tree.put(KEY, DATA)
    store = who(tree, tmp_path)
    assert store.get(KEY) == DATA
    for _ in range(2):
        with pytest.raises(Transient, match="EIO"):
            store.secure(KEY)
    disk.broken.clear()
    disk.synced.clear()
    store.secure(KEY)
    assert disk.synced == WAY


def test_a_file_that_cannot_be_synced_is_not_secure(disk: Disk, tree: TreeStore) -> None:
    tree.put(KEY, DATA)
    disk.broken = {KEY}
    with pytest.raises(Transient, match="EIO"):
        tree.secure(KEY)


def test_what_has_its_folders_on_the_disk_syncs_itself_and_the_last_one(disk: Disk, tree: TreeStore) -> None:
    tree.put(KEY, DATA)
    disk.synced.clear()
    tree.secure(KEY)
    assert disk.synced == WAY[:2]


def test_a_folder_that_another_has_made_anew_is_not_taken_for_the_one_of_before(
    disk: Disk, tree: TreeStore, tmp_path: Path
) -> None:
    tree.put(KEY, DATA)
    other = TreeStore(tmp_path, BUCKET)
    other.delete(KEY)
    (tmp_path / BUCKET / KEY).parent.mkdir(parents=True)
    (tmp_path / BUCKET / KEY).write_bytes(DATA)
    disk.synced.clear()
    tree.secure(KEY)
    assert disk.synced == WAY


def test_who_asks_for_what_is_not_there_leaves_no_folder(disk: Disk, tree: TreeStore, tmp_path: Path) -> None:
    with pytest.raises(ObjectNotFound):
        tree.secure(KEY)
    assert os.listdir(tmp_path / BUCKET) == []
