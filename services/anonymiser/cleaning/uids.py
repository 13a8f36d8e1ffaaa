"""UIDs that are replaced: all but those that say what an object is (PS3.15 Section E.1.1; PS3.5 Section 9)."""

import re
from collections.abc import Iterable

from services.anonymiser.cleaning.values import of_all, registered
from services.anonymiser.dataset.tags import OWN_UIDS, SERIES, SOP_CLASS, SOP_INSTANCE, STUDY
from shared.dicom.identity import Pseudonyms

# The UIDs that an object and its references are known by are replaced even where one looks like DICOM's own.
_INSTANCES = frozenset({SOP_INSTANCE, 0x00081155, STUDY, SERIES})
# SOP classes and transfer syntaxes: also private ones say what an object is, not whose.
KINDS = frozenset(
    {SOP_CLASS, 0x0008001A, 0x0008001B, 0x00080062, 0x0008040E, 0x00081150, 0x0008115A, 0x00083002}
    | {0x04000010, 0x04000510, 0x30100052, 0x30100053}
)
_LONGEST = 64
_FORM = re.compile(r"\d+(?:\.\d+)*", re.ASCII)


def replaced(tag: int, value: bytes, named: bool, pseudonyms: Pseudonyms) -> bytes:
    """What stands in a UI element afterwards. `named`: Table E.1-1 wants it replaced even if it looks registered."""
    words, instance = _words(tag, value), tag in _INSTANCES
    if tag in KINDS and all(map(_fits, words)):
        return value
    return _joined(word if _stays(word, named, instance) else pseudonyms.uid(word) for word in words)


def mended(tag: int, value: bytes, pseudonyms: Pseudonyms) -> bytes:
    """What stands in a UI element that is retained: of what is no UID a pseudonymous one."""
    words = _words(tag, value)
    if all(map(_fits, words)):
        return value
    return _joined(word if _fits(word) else pseudonyms.uid(word) for word in words)


def proper(uid: str) -> bool:
    """Whether `uid` has the form of one (PS3.5 Section 9.1), zeros before components included, which some senders
    write. No other is given away: paths and keys are made of them."""
    return len(uid) <= _LONGEST and _FORM.fullmatch(uid) is not None


def _fits(word: str) -> bool:
    return not word or proper(word)


def _words(tag: int, value: bytes) -> list[str]:
    said = value.decode("ascii", "backslashreplace")
    return [word.strip(" \0") for word in ([said] if tag in OWN_UIDS else said.split("\\"))]


def _joined(words: Iterable[str]) -> bytes:
    return "\\".join(words).encode("ascii")


def _stays(uid: str, named: bool, instance: bool) -> bool:
    return not uid or (not instance and (of_all(uid) or (registered(uid) and not named)))
