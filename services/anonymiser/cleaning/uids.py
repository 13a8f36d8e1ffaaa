"""UIDs that are replaced: all but those that say what an object is (PS3.15 Section E.1.1; PS3.5 Section 9)."""

import re

from services.anonymiser.cleaning.values import of_all, registered
from shared.dicom.identity import Pseudonyms

# The UIDs that an object and its references are known by are replaced even where one looks like DICOM's own.
_INSTANCES = frozenset({0x00080018, 0x00081155, 0x0020000D, 0x0020000E})
# SOP classes and transfer syntaxes: also private ones say what an object is, not whose.
KINDS = frozenset(
    {0x00080016, 0x0008001A, 0x0008001B, 0x00080062, 0x0008040E, 0x00081150, 0x0008115A, 0x00083002}
    | {0x04000010, 0x04000510, 0x30100052, 0x30100053}
)
_FORM = re.compile(rb"[0-9.\\]*[ \0]*")


def replaced(tag: int, value: bytes, named: bool, pseudonyms: Pseudonyms) -> bytes:
    """What stands in a UI element afterwards. `named`: Table E.1-1 wants it replaced even if it looks registered."""
    if tag in KINDS and _FORM.fullmatch(value):
        return value
    words = [word.strip(" \0") for word in value.decode("ascii", "backslashreplace").split("\\")]
    instance = tag in _INSTANCES
    return "\\".join(word if _stays(word, named, instance) else pseudonyms.uid(word) for word in words).encode("ascii")


def _stays(uid: str, named: bool, instance: bool) -> bool:
    return not uid or (not instance and (of_all(uid) or (registered(uid) and not named)))
