"""What this engine cannot clean, and therefore holds for a person: the first matching rule gives the reason.

Decided by what an object is, before anything is changed. A SOP class that nobody has thought about here is held.
"""

import re

from services.anonymiser.dataset.hidden import hides_beside_pixels
from services.anonymiser.dataset.tree import Item, Syntax, find, word, words
from shared.outcome import Reason

_STORAGE = "1.2.840.10008.5.1.4.1.1."
# PS3.4 Table B.5-1, without the root. Pixels from a detector or a computation, seldom with letters in them.
_IMAGES = {"1", "1.1", "1.1.1", "1.2", "1.2.1", "1.3", "1.3.1", "2", "2.1", "2.2", "4", "4.1", "4.3", "4.4"}
_IMAGES |= {"13.1.3", "13.1.4", "13.1.5", "20", "30", "77.1.5.4", "77.1.6", "128", "128.1", "130", "481.1", "481.2"}
# No pixels for people to read, and no text that the table would not name.
_OTHERS = {"4.2", "66.1", "66.2", "66.3", "66.4", "66.5", "66.6", "66.7", "66.8", "67", "91.1"}
_OTHERS |= {"481.3", "481.4", "481.5", "481.6", "481.7", "481.8", "481.9"}
# Waveforms pass: what is written on them is in Waveform Annotation Sequence, which becomes dummies. Voices do not.
_WAVEFORMS = re.compile(r"9\.[1235678]\..+")
_PRESENTATION_STATES = re.compile(r"11\.\d+")
_BURNED_IN = re.compile(r"3(\.1)?|6(\.[12])?|7(\.[1234])?|12\..+|13\.1\.[12]|14\..+|77\..+")
_GREY_BY_NATURE = {"1", "1.1", "1.1.1", "1.2", "1.2.1", "2", "2.1", "2.2"}
_WRITING_MODALITIES = frozenset(
    {"US", "IVUS", "IVOCT", "SC", "XA", "RF", "DF", "DS", "VF", "ES", "OT", "XC", "GM", "OP", "DG", "HC", "DOC", "TG"}
)
_SCREEN_WORDS = ("SCREEN", "CAPTURE", "SNAPSHOT", "REPORT", "PROTOCOL")

_SOP_CLASS, _IMAGE_TYPE, _MODALITY, _CONVERSION = 0x00080016, 0x00080008, 0x00080060, 0x00080064
_SAMPLES, _BURNED_IN_ANNOTATION, _LABEL_IN_IMAGE = 0x00280002, 0x00280301, 0x00480010
_DOCUMENT, _CONTENT, _GRAPHICS = 0x00420011, 0x0040A730, 0x00700001
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)


def held_for(elements: Item, syntax: Syntax) -> Reason | None:
    """Why the object must not be let through; None if it can be cleaned."""
    uid = word(elements, _SOP_CLASS)
    kind = uid.removeprefix(_STORAGE) if uid.startswith(_STORAGE) else ""
    if kind.startswith("104.") or find(elements, _DOCUMENT):
        return Reason.ENCAPSULATED_DOCUMENT
    # Key objects too: they have a content tree, and a text in it is why somebody made them.
    if kind.startswith("88.") or find(elements, _CONTENT) or find(elements, _GRAPHICS):
        return Reason.FREE_TEXT_OBJECT
    if _overlay_stays(elements, syntax, shown=bool(_PRESENTATION_STATES.fullmatch(kind))):
        return Reason.OVERLAY
    if any(find(elements, tag) for tag in _PIXELS) and _may_show_text(elements, kind, syntax):
        return Reason.BURNED_IN_TEXT
    if hides_beside_pixels(elements, syntax):
        return Reason.UNCLEANABLE
    known = kind in _IMAGES | _OTHERS or _WAVEFORMS.fullmatch(kind) or _PRESENTATION_STATES.fullmatch(kind)
    if known:
        return None
    return Reason.BURNED_IN_TEXT if _BURNED_IN.fullmatch(kind) else Reason.UNCLEANABLE


def _may_show_text(elements: Item, kind: str, syntax: Syntax) -> bool:
    """Whether somebody may have written into the pixels (PS3.15 Section E.3.1)."""
    if kind not in _IMAGES | _OTHERS and _BURNED_IN.fullmatch(kind):
        return True
    if word(elements, _MODALITY).upper() in _WRITING_MODALITIES:
        return True
    if word(elements, _BURNED_IN_ANNOTATION).upper() == "YES" or word(elements, _LABEL_IN_IMAGE).upper() == "YES":
        return True
    # DI: from a digital interface. All others were drawn, scanned or captured (PS3.3 C.8.6.1).
    if word(elements, _CONVERSION).upper() not in ("", "DI"):
        return True
    image_type = [value.upper() for value in words(elements, _IMAGE_TYPE)]
    if any(mark in value for value in image_type for mark in _SCREEN_WORDS):
        return True
    # The label of a slide, and the overview that shows it (PS3.3 C.8.12.4.1.1).
    if kind == "77.1.6" and {"LABEL", "OVERVIEW"} & set(image_type):
        return True
    return kind in _GREY_BY_NATURE and _number(elements, _SAMPLES, syntax, 1) > 1


def _overlay_stays(elements: Item, syntax: Syntax, *, shown: bool) -> bool:
    """Whether an overlay is not simply a plane of its own that can go (PS3.3 C.9.2): its bits lie in the pixels, as
    was allowed until 2004, or a presentation state `shown` here refers to it."""
    groups = {element.group for element in elements if element.group >> 8 == 0x60 and not element.group & 1}
    if shown:
        return bool(groups) or "BITMAP" in words(elements, 0x00181600)
    for group in groups:
        tag = group << 16
        apart = find(elements, tag | 0x3000) and _number(elements, tag | 0x0102, syntax, 0) == 0
        if not apart or _number(elements, tag | 0x0100, syntax, 1) != 1:
            return True
    return False


def _number(elements: Item, tag: int, syntax: Syntax, default: int) -> int:
    element = find(elements, tag)
    return int.from_bytes(element.value[:2], "little" if syntax.little else "big") if element else default
