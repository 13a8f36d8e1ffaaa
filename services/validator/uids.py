"""Forms of unique identifiers (PS3.5 9.1) at every depth of a header."""

import re
from collections.abc import Iterator

from services.validator.defects import Code, Defect
from services.validator.elements import Header, every
from shared.outcome import Reason

LONGEST = 64
_FORM = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")

IDENTIFYING = ("00080016", "00080018", "0020000D", "0020000E")
"""SOP class, SOP instance, study and series: malformed, nothing can refer to the object."""


def well_formed(uid: str) -> bool:
    """Whether `uid` is numeric components without leading zeros, at least two of them, 64 characters at most."""
    return len(uid) <= LONGEST and _FORM.fullmatch(uid) is not None


def check(header: Header) -> Iterator[Defect]:
    """Malformed UIDs: those that identify the object reject it, one that merely refers elsewhere is a finding."""
    for tag in IDENTIFYING:
        if _malformed(header.get(tag)):
            yield Defect(Code.MALFORMED_UID, tag, Reason.MALFORMED_UID)
    for tag, element in every(header):
        if tag not in IDENTIFYING and element.get("vr") == "UI" and _malformed(element):
            yield Defect(Code.MALFORMED_UID, tag)


def _malformed(element: object) -> bool:
    found = element.get("Value") if isinstance(element, dict) else None
    if not isinstance(found, list):
        return False
    # An empty value is the business of types 1 and 2; anything else that is no text is no UID either.
    return any(value not in (None, "") and not _is_uid(value) for value in found)


def _is_uid(value: object) -> bool:
    return isinstance(value, str) and well_formed(value.strip(" \0"))
