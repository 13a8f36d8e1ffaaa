"""Files on a disk as entries."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from infra.importing.entry import Entry, Passed


def key_of(path: Path) -> str:
    """A name that no other file has, as text that any database takes; what is no UTF-8 stands in it as `\\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def of_file(path: Path, key: str) -> Entry | Passed:
    """The entry of one file."""
    try:
        told = path.stat()
    except OSError:
        return Passed(key, "failed", "unreadable")
    if not stat.S_ISREG(told.st_mode):
        return Passed(key, "not-dicom", "not-a-file")
    if not told.st_size:
        return Passed(key, "not-dicom", "empty")
    return Entry(key, str(path.parent), told.st_size, told.st_mtime_ns, opener(path))


def opener(path: Path) -> Callable[[], BinaryIO]:
    """Opens it; what has become a pipe meanwhile does not hold us up."""
    return lambda: os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
