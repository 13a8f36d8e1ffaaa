"""Tells whether the life before this one ended with its machine or its disk: then what lay in caches may be gone."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from shared.durable import sync_folder

ORDERLY = "ended"
_NAME = "running"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_BLOCKS, _FILE_SYSTEMS = Path("/sys/dev/block"), Path("/sys/fs")


class Mark:
    """A file that says on which boot and which mounts we run, or that we ended in order.

    A process that was only killed has lost nothing that it wrote. After a life that did not end in order, the old mark
    stays until `settled`: who dies before that begins again. A mark that was copied while we ran is none of ours: it
    names the inode that it was written to.
    """

    def __init__(self, folder: Path, life: str, has_received: Callable[[], bool]) -> None:
        """`life`: as `life_on` tells. `has_received`: whether there was a life before, asked when there is no mark."""
        self._file, self._life = folder / _NAME, life
        folder.mkdir(parents=True, exist_ok=True)
        self.unclean = self._is_other() if self._file.exists() else has_received()
        if not self.unclean:
            self.settled()

    def settled(self) -> None:
        """What an unclean end may have taken has been made good."""
        self.unclean = False
        self._write(lambda inode: f"{self._life} {inode}")

    def ended(self) -> None:
        """An orderly end: everything before it has been answered and is stored."""
        if not self.unclean:
            self._write(lambda _: ORDERLY)

    def _is_other(self) -> bool:
        return self._file.read_text() not in (ORDERLY, f"{self._life} {self._file.stat().st_ino}")

    def _write(self, what: Callable[[int], str]) -> None:
        draft = self._file.with_suffix(".new")
        with draft.open("w") as file:
            file.write(what(os.fstat(file.fileno()).st_ino))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file)
        sync_folder(self._file.parent)


def life_on(folders: Iterable[Path]) -> str:
    """This boot of the machine, and the present mounts of the file systems of `folders`, which exist."""
    return " ".join([_BOOT.read_text().strip(), *map(_mount, folders)])


def _mount(folder: Path) -> str:
    """The inode of what ext4 and XFS show in /sys for as long as they are mounted; `-` of others, which are not told
    apart. A mount's id will not do: the next one gets the same."""
    device = folder.stat().st_dev
    name = (_BLOCKS / f"{os.major(device)}:{os.minor(device)}").resolve().name
    return next((str(shown.stat().st_ino) for shown in _FILE_SYSTEMS.glob(f"*/{name}")), "-")
