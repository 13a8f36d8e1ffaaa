"""Part 10 objects around data sets that are kept byte for byte (PS3.10 Section 7)."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from shared.dicom.constants import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from shared.dicom.vrs import LONG_VRS

PREAMBLE = bytes(128) + b"DICM"
LONGEST_FRONT = 64 * 1024
"""Bytes, preamble and file meta information together, of those that are taken."""
_GROUP = b"\x02\x00"
_SOP_CLASS, _SOP_INSTANCE, _SYNTAX = 0x0002, 0x0003, 0x0010
_SHORT, _LONG = Struct("<H"), Struct("<L")
_UID = re.compile(r"[0-9.]{1,64}", re.ASCII)


class NotPart10(Exception):
    """The bytes do not begin as a Part 10 file must."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What the file meta information of an object tells; `front`: bytes before its data set."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    front: int


def front(transfer_syntax_uid: str, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """What stands before a data set in its file: a preamble of zeros, and file meta information of ours."""
    before, after = _around(transfer_syntax_uid, sop_class_uid)
    meta = before + _uid(0x0003, sop_instance_uid) + after
    group_length = _element(0x0000, b"UL", len(meta).to_bytes(4, "little"))
    return PREAMBLE + group_length + meta


@lru_cache(maxsize=1024)
def _around(transfer_syntax_uid: str, sop_class_uid: str) -> tuple[bytes, bytes]:
    """What stands before and behind the instance's UID: the same for a whole series."""
    version = even(IMPLEMENTATION_VERSION_NAME.encode(), b" ")
    before = _element(0x0001, b"OB", b"\x00\x01") + _uid(0x0002, sop_class_uid)
    after = (
        _uid(0x0010, transfer_syntax_uid) + _uid(0x0012, IMPLEMENTATION_CLASS_UID) + _element(0x0013, b"SH", version)
    )
    return before, after


def meta(head: bytes) -> Meta | None:
    """What an object of ours tells that begins with `head`: all of it, or more than LONGEST_FRONT bytes.

    None when there is no file meta information to be read. UIDs are what they were when the object arrived.
    """
    try:
        return _meta(head, whole=True)
    except NotPart10:
        return None


def read_front(data: bytes | memoryview, *, whole: bool) -> Meta | None:
    """The same of a file of somebody else's that begins with `data`, or is no more than that (`whole`).

    None when more of it has to come. Raises NotPart10, also for UIDs that are none.
    """
    found = _meta(data, whole=whole)
    if found and not all(map(_UID.fullmatch, (found.sop_class_uid, found.sop_instance_uid, found.transfer_syntax_uid))):
        raise NotPart10
    return found


def _meta(data: bytes | memoryview, *, whole: bool) -> Meta | None:
    at = len(PREAMBLE)
    if len(data) >= at and data[128:at] != PREAMBLE[128:]:
        raise NotPart10
    values: dict[int, bytes] = {}
    while at <= min(len(data), LONGEST_FRONT):
        group = bytes(data[at : at + len(_GROUP)])
        if group != _GROUP[: len(group)] or (whole and not group):
            return _told(values, at)
        where = _value(data, at)
        if where is None:
            break
        values[_SHORT.unpack_from(data, at + 2)[0]] = bytes(data[where])
        at = where.stop
    if whole or len(data) > LONGEST_FRONT:
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


def _told(values: dict[int, bytes], front: int) -> Meta:
    """Raises NotPart10 when one of the three is missing: then nobody can say what the data set is."""
    try:
        named = (values[element].rstrip(b"\0 ") for element in (_SOP_CLASS, _SOP_INSTANCE, _SYNTAX))
        sop_class, sop_instance, syntax = (uid.decode("latin-1") for uid in named)
    except KeyError:
        raise NotPart10 from None
    return Meta(sop_class, sop_instance, syntax, front)


def digester(transfer_syntax_uid: str) -> "hashlib._Hash":
    """What makes two arrivals the same, SHA-256 over the transfer syntax UID and the data set's bytes, but for these:
    whoever has the data set goes on with it."""
    return hashlib.sha256(transfer_syntax_uid.encode("ascii", "replace"))


def digest(data_set: bytes, transfer_syntax_uid: str) -> str:
    """The same of a data set that is there as a whole, in hexadecimal digits."""
    whole = digester(transfer_syntax_uid)
    whole.update(data_set)
    return whole.hexdigest()


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    """One element of group 2, always explicit VR little endian (PS3.10 7.1, PS3.5 7.1.2)."""
    length = len(value).to_bytes(4, "little") if vr == b"OB" else len(value).to_bytes(2, "little")
    reserved = b"\x00\x00" if vr == b"OB" else b""
    return b"\x02\x00" + element.to_bytes(2, "little") + vr + reserved + length + value


def _uid(element: int, uid: str) -> bytes:
    return _element(element, b"UI", even(uid.encode("ascii", "replace")))


def even(value: bytes, padding: bytes = b"\x00") -> bytes:
    """`value` of even length (PS3.5 Section 6.2)."""
    return value + padding if len(value) % 2 else value
