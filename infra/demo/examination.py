"""What a file is: an instance that can be sent as it lies there, a broken one, or no DICOM at all."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from typing import BinaryIO

from infra.importing.discovery import Found
from infra.importing.heads import NoInstance, read_head


@dataclass(frozen=True, slots=True)
class Instance:
    """A file that can be sent: its data set begins at `offset` and goes on to the end."""

    found: Found
    offset: int
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    study: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class Unsendable:
    """A DICOM file that no C-STORE request can be made for."""

    found: Found
    reason: str


@dataclass(frozen=True, slots=True)
class NotDicom:
    """Any other file."""

    found: Found
    reason: str


Examined = Instance | Unsendable | NotDicom


def examine(found: Found) -> Examined:
    """Look at one file. Never raises for what it holds."""
    try:
        told = found.path.stat()
        if not stat.S_ISREG(told.st_mode):
            return NotDicom(found, "not-a-file")
        if told.st_size == 0:
            return NotDicom(found, "empty")
        with found.path.open("rb") as file:
            return _examine(found, file)
    except OSError:
        return NotDicom(found, "unreadable")


def _examine(found: Found, file: BinaryIO) -> Examined:
    try:
        head = read_head(file)
    except NoInstance as other:
        return Unsendable(found, other.reason) if other.dicom else NotDicom(found, other.reason)
    told = head.instance
    file.seek(told.offset)
    digest = digest_of(file, told.transfer_syntax_uid)
    return Instance(
        found, told.offset, told.sop_class_uid, told.sop_instance_uid, told.transfer_syntax_uid, head.study, digest
    )


def digest_of(file: BinaryIO, transfer_syntax: str) -> str:
    """SHA-256 over the transfer syntax UID and the bytes from here on: what makes two arrivals the same."""
    digest = hashlib.sha256(transfer_syntax.encode())
    while block := file.read(1024 * 1024):
        digest.update(block)
    return digest.hexdigest()
