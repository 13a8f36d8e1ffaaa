"""The two messages of a C-STORE as bytes (PS3.7 Sections 6.3.1 and 9.3.1)."""

from __future__ import annotations

from struct import Struct, error

from shared.dicom.part10 import even

_ELEMENT = Struct("<HHL")
_US = Struct("<H")
_C_STORE_RQ, _MEDIUM, _WITH_DATA_SET = 0x0001, 0x0000, 0x0001
_STATUS = 0x0900


def store_request(message_id: int, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """The command set of a C-STORE-RQ."""
    body = b"".join(
        _element(tag, value)
        for tag, value in (
            (0x0002, even(sop_class_uid.encode("ascii"))),
            (0x0100, _US.pack(_C_STORE_RQ)),
            (0x0110, _US.pack(message_id)),
            (0x0700, _US.pack(_MEDIUM)),
            (0x0800, _US.pack(_WITH_DATA_SET)),
            (0x1000, even(sop_instance_uid.encode("ascii"))),
        )
    )
    return _element(0, len(body).to_bytes(4, "little")) + body


def _element(tag: int, value: bytes) -> bytes:
    return _ELEMENT.pack(0, tag, len(value)) + value


def status_of(command: bytes) -> int | None:
    """The status in the command set of a response; None when there is none to be found."""
    at = 0
    try:
        while at < len(command):
            _, element, length = _ELEMENT.unpack_from(command, at)
            at += _ELEMENT.size
            if element == _STATUS:
                return int(_US.unpack_from(command, at)[0])
            at += length
    except error:
        return None
    return None
