"""What a file begins with: an instance that can be sent as it lies there, or something else."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)
from pydicom.valuerep import VR

from infra.sending.way import Instance

PREAMBLE = 128
FIRST_LOOK, HEAD = 64 * 1024, 4 * 1024 * 1024
"""Bytes from the start of a data set in which we look for its UIDs, first and at most: no huge file is read whole."""

SOP_CLASS, SOP_INSTANCE, STUDY = 0x00080016, 0x00080018, 0x0020000D
LOOKED_FOR = (SOP_CLASS, SOP_INSTANCE, STUDY)
DICOMDIR = "dicomdir"
"""Why a directory of a file-set is no instance."""
FIRST_GROUPS = (0x0002, 0x0004, 0x0008)
"""Groups with which a file without preamble can begin and still name its SOP Class."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a file says of itself."""

    instance: Instance
    study: str | None


class NoInstance(Exception):
    """There is nothing to be sent; `reason` is a code. `dicom`: it is DICOM all the same."""

    def __init__(self, reason: str, *, dicom: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.dicom = reason, dicom


def read_head(file: BinaryIO) -> Head:
    """Look at a file from its beginning. Raises NoInstance, and never anything else for what it holds."""
    part10 = file.read(PREAMBLE + 4)[PREAMBLE:] == b"DICM"
    start = PREAMBLE + 4 if part10 else 0
    file.seek(start)
    if not part10 and not _may_begin_data_set(file.read(6)):
        raise NoInstance("no-dicom")
    for most in (FIRST_LOOK, HEAD):
        file.seek(start)
        meta, length = _file_meta(file.read(most))
        file.seek(start + length)
        head = file.read(most)
        syntax = _text(meta, "TransferSyntaxUID") or _guessed_syntax(head)
        named = _identity(head, syntax)
        if len(head) < most or STUDY in named:
            break
    sop_class = _uid(named, SOP_CLASS) or _text(meta, "MediaStorageSOPClassUID")
    instance = _uid(named, SOP_INSTANCE) or _text(meta, "MediaStorageSOPInstanceUID")
    if sop_class == MediaStorageDirectoryStorage:
        raise NoInstance(DICOMDIR, dicom=True)
    if not sop_class or not instance:
        raise NoInstance("no-sop-uids", dicom=True) if part10 else NoInstance("no-dicom")
    return Head(Instance(sop_class, instance, syntax, start + length), _uid(named, STUDY))


def _may_begin_data_set(first: bytes) -> bool:
    """Whether these bytes can be the tag of a first element; only then is pydicom asked, which tries anything."""
    if len(first) < 6:
        return False
    little, big = struct.unpack("<H", first[:2])[0], struct.unpack(">H", first[:2])[0]
    return little in FIRST_GROUPS or big == 0x0008


def _file_meta(head: bytes) -> tuple[Dataset, int]:
    """The file meta elements and their length in bytes: up to the first element of another group (PS3.10 7.1)."""
    buffer = io.BytesIO(head)
    try:
        meta = read_dataset(buffer, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    except Exception:  # whatever pydicom meets in bytes from anywhere: there is no usable meta
        return Dataset(), 0
    return meta, buffer.tell() if len(meta) else 0


def _guessed_syntax(head: bytes) -> str:
    """The transfer syntax of a data set that does not say: by the form of its first element (PS3.5 7.1)."""
    if head[4:6].decode("latin-1") not in set(VR):
        return ImplicitVRLittleEndian
    return ExplicitVRBigEndian if struct.unpack("<H", head[:2])[0] >= 0x0400 else ExplicitVRLittleEndian


def _identity(head: bytes, syntax: str) -> Dataset:
    """SOP Class, SOP Instance and Study Instance UID, as far as they can be read."""

    def beyond(tag: BaseTag, vr: str | None, length: int) -> bool:
        return int(tag) > STUDY

    try:
        if syntax == DeflatedExplicitVRLittleEndian:
            head = zlib.decompressobj(-zlib.MAX_WBITS).decompress(head, HEAD)
        return read_dataset(
            io.BytesIO(head),
            syntax == ImplicitVRLittleEndian,
            syntax != ExplicitVRBigEndian,
            stop_when=beyond,
            specific_tags=[BaseTag(tag) for tag in LOOKED_FOR],
        )
    except Exception:  # as above: the file meta may still say what this is
        return Dataset()


def _uid(dataset: Dataset, tag: int) -> str | None:
    try:
        value = dataset[tag].value
    except Exception:  # absent, or a value that pydicom refuses to convert
        return None
    return str(value).strip(" \0") or None if isinstance(value, str) else None


def _text(meta: Dataset, keyword: str) -> str | None:
    try:
        value = meta.get(keyword)
    except Exception:  # a damaged element
        return None
    return UID(value).strip(" \0") or None if isinstance(value, str) else None
