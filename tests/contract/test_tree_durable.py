"""A tree says that it is durable on a file system that has a disk, and on no other, whatever that says of a sync."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.outcome import Transient
from shared.storage import TreeStore
from tests.support.disk import KINDS, disk


@pytest.fixture
def volatile(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder where a file system of that kind is mounted."""
    for name in ("lower", "upper", "work", "mounted"):
        (tmp_path / name).mkdir()
    layers = f"lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    options = ["-o", layers] if request.param == "overlay" else []
    mounted = subprocess.run(
        ["mount", "-t", request.param, *options, "none", tmp_path / "mounted"], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"nothing mounts {request.param} here")
    yield tmp_path / "mounted"
    subprocess.run(["umount", tmp_path / "mounted"], check=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tree_on_a_disk_is_durable(kind: str, tmp_path: Path) -> None:
    with disk(kind, tmp_path) as made:
        (made.folder / "clean").mkdir()
        assert TreeStore(made.folder, "clean").durable


@pytest.mark.parametrize("volatile", ["tmpfs", "ramfs", "overlay"], indirect=True)
def test_a_tree_in_memory_or_in_a_layer_is_not(volatile: Path) -> None:
    (volatile / "clean").mkdir()
    assert not TreeStore(volatile, "clean").durable


def test_the_bucket_counts_and_not_where_its_link_lies(tmp_path: Path) -> None:
    with disk("ext4", tmp_path) as made:
        (made.folder / "clean").symlink_to("/dev/shm")
        assert not TreeStore(made.folder, "clean").durable
        (made.folder / "clean").unlink()


def test_nothing_is_said_of_a_bucket_that_is_not_there_yet(tmp_path: Path) -> None:
    store = TreeStore(tmp_path, "clean")
    with pytest.raises(Transient, match="NoSuchBucket"):
        _ = store.durable
    (tmp_path / "clean").mkdir()
    assert store.durable in (True, False)
