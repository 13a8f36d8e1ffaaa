"""Generated secrets: one file each, closed to others, made once and kept with the stack's data."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from shared.dicom.keys import KeyRing
from shared.durable import sync_folder


def token() -> str:
    """A password or secret key."""
    return secrets.token_hex(20)


def key_ring(project: str | None = None) -> str:
    """A key ring with one fresh key, as its file holds it."""
    return KeyRing.new(project).dumps()


def keep_private(file: Path, content: str) -> None:
    """Write a file at once, readable by us only from its first moment, and there after a power cut: with a project's
    key everything would be lost that its pseudonyms have made."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(file)
    sync_folder(file.parent)


def secret(folder: Path, name: str, new: str) -> str:
    """The secret of this name; `new` becomes it when there is none yet."""
    file = folder / name
    if not file.exists():
        keep_private(file, new)
    return file.read_text().strip()
