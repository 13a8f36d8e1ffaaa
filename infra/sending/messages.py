"""The two messages of a C-STORE as bytes (PS3.7 Sections 6.3.1 and 9.3.1)."""

from __future__ import annotations

from struct import Struct, error

from shared.dicom.command_set import NoCommandSet, elements, written
from shared.dicom.part10 import even

_US = Struct("<H")
_C_STORE_RQ, _MEDIUM, _WITH_DATA_SET = 0x0001, 0x0000, 0x0001
_STATUS = 0x0900


def store_request(message_id: int, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """The command set of a C-STORE-RQ."""
    return written(
        (
            (0x0002, even(sop_class_uid.encode("ascii"))),
            (0x0100, _US.pack(_C_STORE_RQ)),
            (0x0110, _US.pack(message_id)),
            (0x0700, _US.pack(_MEDIUM)),
            (0x0800, _US.pack(_WITH_DATA_SET)),
            (0x1000, even(sop_instance_uid.encode("ascii"))),
        )
    )


def status_of(command: bytes) -> int | None:
    """The status in the command set of a response; None when there is none to be found."""
    try:
        return int(_US.unpack(elements(command)[_STATUS])[0])
    except (NoCommandSet, error, KeyError):
        return None
