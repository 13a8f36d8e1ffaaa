"""The disk of these tests does what it is made for: it keeps what was synced, and nothing else."""

import os

import pytest

from tests.support.disk import Disk

pytestmark = pytest.mark.chaos


def test_what_was_synced_stays_and_the_rest_is_gone(disk: Disk) -> None:
    with (disk.folder / "synced").open("wb") as file:
        file.write(b"kept" * 1000)
        file.flush()
        os.fsync(file.fileno())
    (disk.folder / "written").write_bytes(b"lost" * 1000)
    disk.cut()
    with pytest.raises(OSError):
        (disk.folder / "later").write_bytes(b"never")
    disk.restart()
    assert (disk.folder / "synced").read_bytes() == b"kept" * 1000
    lost = disk.folder / "written"
    assert not lost.exists() or lost.read_bytes() == b""
