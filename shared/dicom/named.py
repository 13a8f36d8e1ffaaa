"""By what UIDs a data set calls itself, read from its beginning."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from struct import Struct, error
from typing import BinaryIO

from pydicom.filereader import read_dataset
from pydicom.tag import Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from shared.dicom.vrs import LONG_VRS, SHORT_VRS

HEAD = 64 * 1024
"""Bytes in which the UIDs of nearly every object stand."""

_SOP_CLASS, _SOP_INSTANCE, _STUDY = 0x00080016, 0x00080018, 0x0020000D
_WANTED = (_SOP_CLASS, _SOP_INSTANCE, _STUDY)
_EXPLICIT_HEAD, _IMPLICIT_HEAD, _LONG = Struct("<HH2sH"), Struct("<HHL"), Struct("<L")
_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
_UNDEFINED = 0xFFFFFFFF
_MOST_INFLATED = 1024 * 1024
"""Bytes: a small deflated stream may inflate without end."""


@dataclass(frozen=True, slots=True)
class Named:
    """UIDs of a data set; the study's may be missing."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str | None


def uids(head: bytes | memoryview, opened: Callable[[], BinaryIO], transfer_syntax_uid: str) -> Named | None:
    """The UIDs of a data set: the quick way from its `head` where that will do, the thorough one otherwise."""
    found = named(head, transfer_syntax_uid)
    if found:
        return found
    with opened() as data_set:
        return named_in(data_set, transfer_syntax_uid)


def named(head: bytes | memoryview, transfer_syntax_uid: str) -> Named | None:
    """The UIDs that stand at the beginning of a data set, if they can all be read from `head` alone and at once.

    Costs a tenth of what `named_in` does, which knows all forms of data sets.
    """
    if transfer_syntax_uid == _IMPLICIT:
        return _scanned(head, explicit=False)
    return _scanned(head, explicit=True) if _plain(transfer_syntax_uid) else None


@lru_cache(maxsize=256)
def _plain(transfer_syntax_uid: str) -> bool:
    """Whether data sets are explicit VR little endian, as they are with syntaxes that nobody knows."""
    syntax = UID(transfer_syntax_uid)
    return syntax != DeflatedExplicitVRLittleEndian and (not syntax.is_transfer_syntax or syntax.is_little_endian)


def named_in(data_set: BinaryIO, transfer_syntax_uid: str) -> Named | None:
    """The same from all of it; None when it cannot be read as that transfer syntax, or is no composite instance."""
    try:
        source, syntax = _inflated(data_set, UID(transfer_syntax_uid))
        found = read_dataset(
            source,
            syntax.is_implicit_VR,
            syntax.is_little_endian,
            stop_when=lambda tag, vr, length: tag > _STUDY,
            specific_tags=[Tag(tag) for tag in _WANTED],
        )
        values = {tag: str(found[tag].value) for tag in _WANTED if tag in found and found[tag].value}
    except Exception:
        return None  # pydicom raises whatever its parts do
    return _named(values)


def _named(values: dict[int, str]) -> Named | None:
    sop_class, sop_instance = values.get(_SOP_CLASS), values.get(_SOP_INSTANCE)
    return Named(sop_class, sop_instance, values.get(_STUDY)) if sop_class and sop_instance else None


def _scanned(data: bytes | memoryview, *, explicit: bool) -> Named | None:
    """Every element up to the wanted ones is looked at, in each instance that arrives: hence no call for each."""
    unpack = _EXPLICIT_HEAD.unpack_from
    values: dict[int, str] = {}
    at = 0
    try:
        while True:
            if explicit:
                group, element, vr, length = unpack(data, at)
                at += 8
                if vr in LONG_VRS:
                    (length,) = _LONG.unpack_from(data, at)
                    at += 4
                elif vr not in SHORT_VRS:
                    return None
            else:
                group, element, length = _IMPLICIT_HEAD.unpack_from(data, at)
                at += 8
            tag = group << 16 | element
            if tag > _STUDY:
                return _named(values)
            if length == _UNDEFINED:
                return None
            if tag in _WANTED:
                values[tag] = bytes(data[at : at + length]).rstrip(b"\0 ").decode("ascii")
            at += length
    except (error, ValueError):
        return None


def _inflated(data_set: BinaryIO, syntax: UID) -> tuple[BinaryIO, UID]:
    if syntax != DeflatedExplicitVRLittleEndian:
        return data_set, syntax
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data_set.read(_MOST_INFLATED), _MOST_INFLATED)
    return BytesIO(inflated), ExplicitVRLittleEndian
