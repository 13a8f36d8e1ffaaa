"""Protocol data units as bytes (PS3.8 Section 9.3), but for those of the negotiation."""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

HEAD = 6
"""Bytes before what a PDU carries: type, reserved, length."""
LONGEST = 128 * 1024
"""Bytes that a P-DATA-TF which we take may carry: larger ones save nothing more, smaller ones cost a read each."""
PDV_HEAD = 6
"""Bytes before what a presentation data value carries: length, presentation context id, message control header."""
COMMAND, LAST = 0x01, 0x02
"""Bits of the message control header; the others are not looked at (PS3.8 Section E.2)."""

_TRANSIENT = 2
_HEAD = Struct(">BxL")
_PDV_HEAD = Struct(">LBB")
_DATA_TF = Struct(">BxLLBB")

MOST_CONTEXTS = 128
"""Presentation contexts of one association: their ids are odd numbers up to 255 (PS3.8 Section 9.3.2.2)."""
ACCEPTED, NO_SUCH_ABSTRACT_SYNTAX, NO_SUCH_TRANSFER_SYNTAX = 0, 3, 4
"""Results of a presentation context (PS3.8 Table 9-18)."""


class Kind(IntEnum):
    """PDU types."""

    ASSOCIATE_RQ = 0x01
    ASSOCIATE_AC = 0x02
    ASSOCIATE_RJ = 0x03
    DATA_TF = 0x04
    RELEASE_RQ = 0x05
    RELEASE_RP = 0x06
    ABORT = 0x07


class Abort(IntEnum):
    """Reasons of an abort by the service provider (PS3.8 Table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNISED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNISED_PARAMETER = 4
    UNEXPECTED_PARAMETER = 5
    INVALID_PARAMETER = 6


@dataclass(frozen=True, slots=True)
class Rejection:
    """Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 Table 9-21)."""

    result: int
    source: int
    reason: int

    @property
    def passes(self) -> bool:
        """Whether it may be another answer later."""
        return self.result == _TRANSIENT


CALLING_UNKNOWN = Rejection(1, 1, 3)
CALLED_UNKNOWN = Rejection(1, 1, 7)
USER_REFUSED = Rejection(1, 2, 1)
"""By the service provider (ACSE), without a reason: so PS3.7 D.3.3.7 for a user identity that is not accepted."""
CONTEXT_NAME_UNKNOWN = Rejection(1, 1, 2)
PROTOCOL_UNKNOWN = Rejection(1, 2, 2)
LIMIT_REACHED = Rejection(2, 3, 2)


def head(data: bytes | bytearray | memoryview) -> tuple[int, int]:
    """Type and length of what follows, of the HEAD bytes of a PDU."""
    kind, length = _HEAD.unpack_from(data)
    return int(kind), int(length)


def pdv_head(data: bytes | bytearray | memoryview) -> tuple[int, int, int]:
    """Length of what follows (of the value alone), presentation context id and control header of a PDV."""
    length, context, control = _PDV_HEAD.unpack_from(data)
    return int(length) - 2, int(context), int(control)


def data_tf(context: int, control: int, value: bytes) -> bytes:
    """A P-DATA-TF with one value."""
    return _DATA_TF.pack(Kind.DATA_TF, len(value) + PDV_HEAD, len(value) + 2, context, control) + value


def reject(rejection: Rejection) -> bytes:
    """An A-ASSOCIATE-RJ."""
    told = bytes((0, rejection.result, rejection.source, rejection.reason))
    return _HEAD.pack(Kind.ASSOCIATE_RJ, len(told)) + told


def release_rp() -> bytes:
    """An A-RELEASE-RP."""
    return _HEAD.pack(Kind.RELEASE_RP, 4) + bytes(4)


def abort(reason: Abort) -> bytes:
    """An A-ABORT by the service provider."""
    return _HEAD.pack(Kind.ABORT, 4) + bytes((0, 0, 2, reason))


def abort_by_user() -> bytes:
    """An A-ABORT by the service user, who gives no reason."""
    return _HEAD.pack(Kind.ABORT, 4) + bytes(4)
