"""What stands before the data set in a Part 10 file (PS3.10 Section 7.1), read from its first bytes."""

import re
from dataclasses import dataclass
from struct import Struct

from shared.dicom.vrs import LONG_VRS

LONGEST = 64 * 1024
"""Bytes, preamble and file meta information together."""
_PREAMBLE, _PREFIX = 128, b"DICM"
_TAG, _SHORT, _LONG = Struct("<HH"), Struct("<H"), Struct("<L")
_GROUP = 0x0002
_NAMING = (0x0002, 0x0003, 0x0010)
"""SOP class, SOP instance, transfer syntax."""
_UID = re.compile(r"[0-9.]{1,64}", re.ASCII)


class NotPart10(Exception):
    """The bytes do not begin as a Part 10 file must."""


@dataclass(frozen=True, slots=True)
class Front:
    """What the file meta information says; `length`: bytes before the data set."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    length: int


def read_front(data: bytes | memoryview, *, whole: bool) -> Front | None:
    """The front of a file that begins with `data`, or is no more than that (`whole`).

    None when more of it has to come. Raises NotPart10.
    """
    at = _PREAMBLE + len(_PREFIX)
    if len(data) >= at and data[_PREAMBLE:at] != _PREFIX:
        raise NotPart10
    values: dict[int, bytes] = {}
    while at + _TAG.size <= len(data) and at <= LONGEST:
        group, element = _TAG.unpack_from(data, at)
        if group != _GROUP:
            return _front(values, at)
        where = _value(data, at)
        if where is None:
            break
        at = where.stop
        values[element] = bytes(data[where])
    if whole and at == len(data):
        return _front(values, at)
    if whole or len(data) > LONGEST:
        raise NotPart10
    return None


def _value(data: bytes | memoryview, at: int) -> slice | None:
    """Where the value of an element is, if all of it is there."""
    long = bytes(data[at + 4 : at + 6]) in LONG_VRS
    begin = at + (12 if long else 8)
    if begin > len(data):
        return None
    length = int(_LONG.unpack_from(data, at + 8)[0] if long else _SHORT.unpack_from(data, at + 6)[0])
    return slice(begin, begin + length) if begin + length <= len(data) else None


def _front(values: dict[int, bytes], length: int) -> Front:
    """Raises NotPart10 when one of the three is missing: then nobody can say what the data set is."""
    sop_class, sop_instance, syntax = (_uid(values.get(element, b"")) for element in _NAMING)
    return Front(sop_class, sop_instance, syntax, length)


def _uid(value: bytes) -> str:
    uid = value.rstrip(b"\0 ").decode("latin-1")
    if not _UID.fullmatch(uid):
        raise NotPart10
    return uid
