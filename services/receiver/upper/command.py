"""DIMSE commands as bytes (PS3.7 Section 6.3.1 and Annex E)."""

from dataclasses import dataclass
from struct import Struct, error

from shared.dicom.command_set import NoCommandSet, elements, written
from shared.dicom.part10 import even

_US = Struct("<H")

C_STORE_RQ, C_ECHO_RQ, C_CANCEL_RQ, N_ACTION_RQ = 0x0001, 0x0030, 0x0FFF, 0x0130
RESPONSE = 0x8000
"""What the command field of a response has beside that of its request."""
NO_DATA_SET = 0x0101

_AFFECTED_CLASS, _FIELD, _MESSAGE_ID = 0x0002, 0x0100, 0x0110
_RESPONDED_ID, _DATA_SET_TYPE, _STATUS, _AFFECTED_INSTANCE = 0x0120, 0x0800, 0x0900, 0x1000
_REQUESTED_CLASS, _REQUESTED_INSTANCE, _ACTION_TYPE = 0x0003, 0x1001, 0x1008
_LONGEST = 1024
"""Bytes of a UID that we take. They should be 64 (PS3.5 Section 9.1), and there are senders whose are not."""


class Malformed(Exception):
    """This is no command set, or one without what every request has."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request. UIDs are the affected ones, or those that an N-ACTION names as requested; '' where there is none."""

    field: int
    message_id: int
    sop_class_uid: str
    sop_instance_uid: str
    data_set: bool
    """Whether a data set follows."""
    action: int = 0
    """Action Type ID; 0: none."""


def read(data: bytes) -> Request:
    """The request in a whole command set. Raises Malformed."""
    try:
        found = elements(data)
        (field,), (kind,) = _US.unpack(found[_FIELD]), _US.unpack(found[_DATA_SET_TYPE])
        (message_id,) = _US.unpack(found.get(_MESSAGE_ID, b"\0\0"))  # a cancel has none
        (action,) = _US.unpack(found.get(_ACTION_TYPE, b"\0\0"))
    except (NoCommandSet, error, KeyError):
        raise Malformed from None
    return Request(
        field=field,
        message_id=message_id,
        sop_class_uid=_uid(found.get(_AFFECTED_CLASS) or found.get(_REQUESTED_CLASS, b"")),
        sop_instance_uid=_uid(found.get(_AFFECTED_INSTANCE) or found.get(_REQUESTED_INSTANCE, b"")),
        data_set=kind != NO_DATA_SET,
        action=action,
    )


def response(request: Request, status: int) -> bytes:
    """The response to `request`, without a data set."""
    values = [
        (_AFFECTED_CLASS, even(request.sop_class_uid.encode("ascii", "replace"))),
        (_FIELD, _US.pack(request.field | RESPONSE)),
        (_RESPONDED_ID, _US.pack(request.message_id)),
        (_DATA_SET_TYPE, _US.pack(NO_DATA_SET)),
        (_STATUS, _US.pack(status)),
        (_AFFECTED_INSTANCE, even(request.sop_instance_uid.encode("ascii", "replace"))),
    ]
    return written((number, value) for number, value in values if value)


def _uid(value: bytes) -> str:
    """As it was sent: the bytes are kept all the same, and what is wrong with a UID is said by those who read them."""
    uid = value.rstrip(b"\0 ")
    if len(uid) > _LONGEST:
        raise Malformed
    return uid.decode("ascii", "replace")
