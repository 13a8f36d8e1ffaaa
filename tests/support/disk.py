"""A disk of our own whose power can be cut: a file system in a file, shut down without a flush. Linux, as root.

Black box: imports nothing of ours.
"""

import ctypes
import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.waiting import until

KINDS = ("ext4", "xfs")

_SHUTDOWN = 0x8004587D
"""FS_IOC_SHUTDOWN of ext4, XFS_IOC_GOINGDOWN of XFS."""
_WITHOUT_FLUSH = 2
"""Neither data nor journal (XFS_FSOP_GOING_FLAGS_NOLOGFLUSH)."""
_MIB = 1024 * 1024


class Disk:
    """A mounted file system; `folder` is its root."""

    def __init__(self, kind: str, place: Path) -> None:
        self.kind = kind
        self.folder = place / "disk"
        self._image = place / "image"

    def make(self, mib: int) -> None:
        """An empty one, mounted. Raises CalledProcessError."""
        self.folder.mkdir(parents=True)
        with self._image.open("wb") as file:
            file.truncate(mib * _MIB)
        _run(f"mkfs.{self.kind}", "-q", self._image)
        self._mount()

    def sync(self) -> None:
        """Everything that was written until now is on the disk."""
        with self._opened() as root:
            if ctypes.CDLL(None, use_errno=True).syncfs(root) != 0:
                raise OSError(ctypes.get_errno(), "syncfs")

    def cut(self) -> None:
        """The power goes: what is not on the disk is gone, and nothing can be read or written any more."""
        with self._opened() as root:
            fcntl.ioctl(root, _SHUTDOWN, _WITHOUT_FLUSH.to_bytes(4, "little"))

    def restart(self) -> None:
        """The power comes back, and the journal is replayed. Who has files open on it must be about to end."""
        until(self._unmounted, f"{self.folder} is unmounted")
        self._mount()

    def remove(self) -> None:
        """As soon as nothing on it is open any more."""
        subprocess.run(["umount", "--lazy", self.folder], capture_output=True, check=False)
        self._image.unlink(missing_ok=True)

    def _mount(self) -> None:
        _run("mount", "-o", "loop", self._image, self.folder)

    def _unmounted(self) -> bool:
        subprocess.run(["umount", self.folder], capture_output=True, check=False)
        # Asked about the folder itself, a file system without power answers nothing.
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        return all(line.split()[1] != str(self.folder) for line in mounts)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        root = os.open(self.folder, os.O_RDONLY)
        try:
            yield root
        finally:
            os.close(root)


@contextmanager
def disk(kind: str, place: Path, mib: int = 512) -> Iterator[Disk]:
    """An empty file system of that kind and size, in `place`. Skips the test where there can be none."""
    made = Disk(kind, place)
    try:
        _make(made, mib)
        yield made
    finally:
        made.remove()


def _make(made: Disk, mib: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root mounts file systems")
    if shutil.which(f"mkfs.{made.kind}") is None:
        pytest.skip(f"there is no mkfs.{made.kind}")
    try:
        made.make(mib)
    except subprocess.CalledProcessError as failed:
        pytest.skip(f"{failed.cmd[0]}: {failed.stderr.strip()}")


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
