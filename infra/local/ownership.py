"""Who runs a home: a lock that the kernel drops with its holder, and whose holder it names."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.layout import Home

# struct flock on 64-bit Linux: type, whence, start, length, pid.
FLOCK = "hhqqi"


@contextmanager
def sole_owner(home: Home) -> Iterator[None]:
    """Hold the home's lock. Raises BlockingIOError when another supervisor has it."""
    home.make()
    with home.lock_file.open("w") as handle:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sweep(home)
        yield


def _sweep(home: Home) -> None:
    """Remove what processes of an earlier run left behind: nobody can be using it now."""
    for entry in home.run.iterdir():
        if entry == home.lock_file:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink()


def supervisor_pid(home: Home) -> int | None:
    """The supervisor of a home. Asked of the kernel: a number left in a file may be anyone's by now."""
    try:
        with home.lock_file.open("r") as handle:
            wanted = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, pid = struct.unpack(FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, wanted))
    except FileNotFoundError:
        return None
    return None if kind == fcntl.F_UNLCK else int(pid)
