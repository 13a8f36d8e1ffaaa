"""A file system in a file whose power can be cut: what was not synced is gone. Linux, as root. Black box."""

import ctypes
import fcntl
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import until

SHUTDOWN = 0x8004587D
"""FS_IOC_SHUTDOWN of ext4, XFS_IOC_GOINGDOWN of XFS."""
WITHOUT_FLUSH = 2
"""Neither data nor journal (XFS_FSOP_GOING_FLAGS_NOLOGFLUSH). Everything fails until it is mounted anew."""
SIZE = 4 * 1024**3
"""Bytes; the file is sparse."""


class NotPossible(Exception):
    """This machine cannot do it; the text says why."""


@dataclass(frozen=True)
class Disk:
    """One file system. `kind`: ext4 or xfs; `folder` gets the image and the place where it is mounted."""

    kind: str
    folder: Path

    @property
    def place(self) -> Path:
        return self.folder / "mounted"

    @property
    def _image(self) -> Path:
        return self.folder / "image"

    def make(self) -> None:
        """An empty one, mounted. Raises NotPossible."""
        if os.geteuid() != 0:
            raise NotPossible("only root mounts file systems")
        if shutil.which(f"mkfs.{self.kind}") is None:
            raise NotPossible(f"mkfs.{self.kind} is missing")
        self.place.mkdir(parents=True)
        with self._image.open("wb") as image:
            image.truncate(SIZE)
        try:
            _run(f"mkfs.{self.kind}", "-q", str(self._image))
            self.mount()
        except subprocess.CalledProcessError as failed:
            raise NotPossible(f"{failed.cmd[0]}: {failed.stderr.strip()}") from None

    def mount(self) -> None:
        """Also what a machine does when it comes up again: the file system's journal is replayed."""
        _run("mount", "-o", "loop", str(self._image), str(self.place))

    def sync(self) -> None:
        """Everything that was written until now is on the disk."""
        handle = os.open(self.place, os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(handle) != 0:
                raise OSError(ctypes.get_errno(), "syncfs")
        finally:
            os.close(handle)

    def cut(self) -> None:
        """The power is gone."""
        handle = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, SHUTDOWN, WITHOUT_FLUSH.to_bytes(4, "little"))
        finally:
            os.close(handle)

    def unmount(self) -> None:
        """Nobody may have a file open here any more."""
        until(self._unmounted, f"{self.place} is unmounted")

    def _unmounted(self) -> bool:
        if self._mounted:
            subprocess.run(["umount", str(self.place)], capture_output=True, check=False)
        return not self._mounted

    @property
    def _mounted(self) -> bool:
        # Asked about the place itself, a file system without power answers nothing.
        return any(line.split()[1] == str(self.place) for line in Path("/proc/self/mounts").read_text().splitlines())

    def remove(self) -> None:
        """As if it had never been."""
        self.unmount()
        shutil.rmtree(self.folder)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
