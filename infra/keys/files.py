"""Files of an operator on disk: never overwritten by accident, never half written; secret ones never open to others."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from shared.durable import sync_folder
from shared.misconfigured import Misconfigured
from shared.private_file import read_private


def write_new(file: Path, content: str) -> None:
    """A file (0600) that was not there before. Raises Misconfigured when it was, or cannot be written."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Misconfigured(f"{file} exists and is not overwritten") from None
    except OSError as failed:
        raise Misconfigured(f"{file} cannot be written: {failed.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
    except BaseException:
        file.unlink()
        raise
    sync_folder(file.parent)


def change(file: Path, new: Callable[[str], str], read: Callable[[Path], str] = read_private) -> None:
    """Replace the content of a file at once; its mode and owner stay. Raises Misconfigured, also when somebody else is
    at it, and when it is open to others, unless it is read by something less strict.
    """
    draft = file.with_name(f".{file.name}.changing")
    try:
        # Made before the file is read: two changes at the same time would lose one of them.
        write_new(draft, "")
    except Misconfigured:
        raise Misconfigured(f"{file} is being changed; if nobody is at it, delete {draft}") from None
    try:
        with draft.open("w", encoding="utf-8") as output:
            output.write(new(read(file)))
            _become(output.fileno(), file)
            output.flush()
            os.fsync(output.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def _become(handle: int, file: Path) -> None:
    """Mode and owner of `file`, so far as we may give them."""
    status = file.stat()
    with suppress(PermissionError):
        os.fchown(handle, status.st_uid, status.st_gid)
    os.fchmod(handle, stat.S_IMODE(status.st_mode))


def append_line(file: Path, line: str) -> None:
    """Add a line to a private file, made when it is not there, and be sure that it is on disk. Raises Misconfigured."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as output:
            if os.fstat(output.fileno()).st_mode & 0o077:
                raise Misconfigured(f"{file} is open to others: chmod 600 {file}")
            output.write(line + "\n")
            output.flush()
            os.fsync(output.fileno())
    except OSError as failed:
        raise Misconfigured(f"{file} cannot be written: {failed.strerror}") from None
    sync_folder(file.parent)
