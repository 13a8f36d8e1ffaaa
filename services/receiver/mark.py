"""Tells whether the life before this one ended with its machine: then what lay in caches may be gone."""

import os
from pathlib import Path

from shared.durable import sync_folder

_NAME = "running"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Mark:
    """A file that says on which boot of the machine we run, and that only an orderly end takes away.

    A process that was only killed has lost nothing that it wrote. After a boot that never ended in order, the old mark
    stays until `settled`: who dies before that begins again.
    """

    def __init__(self, folder: Path, boot: str | None = None) -> None:
        """`boot`: id of this boot, the kernel's unless given."""
        self._file = folder / _NAME
        self._boot = boot or _BOOT.read_text().strip()
        folder.mkdir(parents=True, exist_ok=True)
        self.unclean = self._file.exists() and self._file.read_text() != self._boot
        if not self.unclean:
            self.settled()

    def settled(self) -> None:
        """What an unclean end may have taken has been made good."""
        self.unclean = False
        draft = self._file.with_suffix(".new")
        with draft.open("w") as file:
            file.write(self._boot)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file)
        sync_folder(self._file.parent)

    def ended(self) -> None:
        """An orderly end: everything before it has been answered and is stored."""
        if not self.unclean:
            self._file.unlink(missing_ok=True)
            sync_folder(self._file.parent)
