"""What is told about a cleaned object besides: attributes that could not stay as they were, never their values."""

from enum import StrEnum

from shared.events import Finding


class Code(StrEnum):
    """Why a value was not kept, or not shown."""

    MALFORMED_DATE = "malformed-date"
    MALFORMED_NUMBER = "malformed-number"
    UNDECODABLE_TEXT = "undecodable-text"
    WRONG_VR = "wrong-vr"
    NOT_IN_JSON = "not-in-json"


def finding(code: Code, tag: int) -> Finding:
    """The finding about the element `tag` (group << 16 | element)."""
    return Finding(code=code.value, tag=f"{tag:08X}")
