"""A disk of our own that loses its power: a file with a file system in it, mounted and shut down without a flush."""

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KINDS = ("ext4", "xfs")

_SHUTDOWN = 0x8004587D
"""ioctl of ext4 and XFS: stop at once. With NO_FLUSH not even the journal's last part is written."""
_NO_FLUSH = 2
_MIB = 1024 * 1024


class Disk:
    """A mounted file system; `folder` is its root."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.folder = folder
        self._image = image

    def cut(self) -> None:
        """The power goes: from now on every call fails, and what is not on the disk is gone."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _NO_FLUSH))
        finally:
            os.close(descriptor)

    def restart(self) -> None:
        """The power comes back, and the journal is replayed. All files on it must be closed by then."""
        subprocess.run(["umount", self.folder], check=True)
        self.mount()

    def mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", self._image, self.folder], check=True)

    def remove(self) -> None:
        """As soon as nothing on it is open any more."""
        subprocess.run(["umount", "--lazy", self.folder], check=True)
        self._image.unlink()


def missing(kind: str) -> str:
    """Why there can be no such disk here; empty when there can."""
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        return "mounting takes root and loop devices"
    return "" if shutil.which(f"mkfs.{kind}") else f"there is no mkfs.{kind}"


@contextmanager
def disk(kind: str, place: Path, mib: int = 512) -> Iterator[Disk]:
    """An empty file system of that kind and size, in two files of `place`."""
    image, folder = place / "image", place / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(mib * _MIB)
    subprocess.run([f"mkfs.{kind}", "-q", image], check=True)
    made = Disk(image, folder)
    made.mount()
    try:
        yield made
    finally:
        made.remove()
