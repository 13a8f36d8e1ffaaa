"""What is told about a cleaned object besides: attributes that could not stay as they were, never their values."""

from enum import StrEnum

from shared.events import Finding


class Code(StrEnum):
    """Why a value was not kept, or not shown, and what to know of the object. README.md tells what each means."""

    MALFORMED_DATE = "malformed-date"
    MALFORMED_UID = "malformed-uid"
    MALFORMED_NUMBER = "malformed-number"
    UNDECODABLE_TEXT = "undecodable-text"
    WRONG_VR = "wrong-vr"
    NOT_IN_JSON = "not-in-json"
    REDACTED = "redacted"
    PIXELS_BLANKED = "pixels-blanked"
    POSSIBLE_FACE = "possible-face"
    RESIDUE = "residue"
    RELEASED = "released"
    PATIENT_FROM_STUDY = "patient-from-study"


def finding(code: Code, tag: int | None = None) -> Finding:
    """The finding about the element `tag` (group << 16 | element), or about the object as a whole."""
    return Finding(code=code.value, tag=None if tag is None else f"{tag:08X}")
