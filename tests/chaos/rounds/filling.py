"""Somebody else who takes all of the disk."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_MIB = 2**20
_EVERY = 0.2
"""Seconds after which he takes what has become free meanwhile."""


@contextmanager
def filled(folder: Path, left: int = 0) -> Iterator[None]:
    """Within this block there are `left` MiB on the disk of `folder` at most."""
    filler, ended = folder / "filler", threading.Event()
    taking = threading.Thread(target=_take, args=(filler, left * _MIB, ended), daemon=True)
    _fill(filler, left * _MIB)
    taking.start()
    try:
        yield
    finally:
        ended.set()
        taking.join()
        filler.unlink()


def _take(filler: Path, left: int, ended: threading.Event) -> None:
    while not ended.wait(_EVERY):
        _fill(filler, left)


def _fill(filler: Path, left: int) -> None:
    with filler.open("ab") as file:
        piece = shutil.disk_usage(filler.parent).free - left
        while piece >= 4096:
            with suppress(OSError):
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), piece)
                file.seek(0, os.SEEK_END)
                return
            piece //= 2
