"""Which files there are in a folder, however deep, mixed and looped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Found:
    """One file: where it is, and its printable name in the input folder."""

    path: Path
    name: str


def find(folder: Path, unreadable: Callable[[Path], None] = lambda _: None) -> Iterator[Found]:
    """Every file below `folder`, in a fixed order; links are followed, but no folder is entered twice.

    `unreadable` is told of each folder that cannot be listed.
    """
    entered: set[tuple[int, int]] = set()

    def failed(error: OSError) -> None:
        unreadable(Path(error.filename))

    for parent, folders, files in os.walk(folder, followlinks=True, onerror=failed):
        folders[:] = sorted(folders)
        if not _first_visit(parent, entered):
            folders.clear()
            continue
        for name in sorted(files):
            path = Path(parent, name)
            yield Found(path, printable(path.relative_to(folder)))


def printable(path: Path) -> str:
    """The path as text that any terminal and any JSON reader takes: names need not be valid UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def _first_visit(folder: str, entered: set[tuple[int, int]]) -> bool:
    try:
        told = os.stat(folder)
    except OSError:
        return False
    here = (told.st_dev, told.st_ino)
    if here in entered:
        return False
    entered.add(here)
    return True
