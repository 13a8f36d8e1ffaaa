"""Part 10 objects around data sets that are kept byte for byte (PS3.10 Section 7)."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from pydicom.filereader import read_dataset

from shared.dicom.constants import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

PREAMBLE = bytes(128) + b"DICM"
_META = 0x0002
_SOP_CLASS, _SOP_INSTANCE, _SYNTAX = 0x00020002, 0x00020003, 0x00020010


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
    """What an object tells that begins with `head`; None when there is no file meta information to be read."""
    file = BytesIO(head)
    if file.read(len(PREAMBLE))[128:] != PREAMBLE[128:]:
        return None
    try:
        found = read_dataset(file, False, True, stop_when=lambda tag, vr, length: tag.group != _META)
        sop_class, instance, syntax = (str(found[tag].value) for tag in (_SOP_CLASS, _SOP_INSTANCE, _SYNTAX))
    except Exception:
        # Whatever it is, it is not what we have stored.
        return None
    return Meta(sop_class, instance, syntax, file.tell())


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
