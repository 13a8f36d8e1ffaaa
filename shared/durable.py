"""What it takes for files and names to be on the disk. Standard library only."""

import ctypes
import os
from pathlib import Path

PORTION = 64 * 1024 * 1024
"""Bytes of a growing file that are not on the disk at most: whoever syncs meanwhile has to wait for them."""

_VOLATILE = {0x01021994: "tmpfs", 0x858458F6: "ramfs", 0x794C7630: "overlay"}
"""File systems that say of everything that it is synced, by their numbers in statfs(2). The first two have no disk. An
overlay (a container's own layer) may have none either, which nobody can tell, and goes with its container."""


def append(file: int, piece: memoryview, before: int) -> None:
    """Write all of `piece` behind the `before` bytes that the file has. Raises OSError."""
    after = before + len(piece)
    while piece:  # one call writes 2 GiB at most
        piece = piece[os.write(file, piece) :]
    if before // PORTION < after // PORTION:
        os.fdatasync(file)


def sync_file(name: str, folder: int) -> None:
    """Return when the file of that name in an open folder is on the disk, bytes and attributes. Raises OSError."""
    file = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def sync_folder(folder: Path) -> None:
    """Return when what was made, renamed and removed in `folder` is on the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync_open_folder(handle)
    finally:
        os.close(handle)


def sync_open_folder(handle: int) -> None:
    """As `sync_folder`, for a folder that is open.

    XFS that has shut itself down, because its disk failed, forgets what it had not written and says of every folder
    that it is synced. It no longer tells a folder's attributes, though: these are asked for afterwards.
    """
    os.fsync(handle)
    os.fstat(handle)


def is_volatile(folder: Path) -> bool:
    """Whether what is synced in `folder` may be gone after a power cut all the same. Raises OSError."""
    told = ctypes.create_string_buffer(512)  # more than any struct statfs, which begins with the number
    if ctypes.CDLL(None, use_errno=True).statfs(os.fsencode(folder), told) != 0:
        failed = ctypes.get_errno()
        raise OSError(failed, os.strerror(failed))
    return ctypes.c_uint32.from_buffer(told).value in _VOLATILE
