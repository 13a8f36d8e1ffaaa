"""Which objects are looked at, and what is done with what is found: the profile's decisions on pixels."""

from dataclasses import dataclass
from enum import StrEnum

from services.anonymiser.dataset.tags import BURNED_IN_ANNOTATION, IMAGE_TYPE, MODALITY, SOP_CLASS
from services.anonymiser.dataset.tree import Item, Syntax, word, words
from services.anonymiser.pixels.description import pixels_of
from services.anonymiser.pixels.masks import Layout

_STORAGE = "1.2.840.10008.5.1.4.1.1."
QUIET_CLASSES = frozenset(
    _STORAGE + kind
    for kind in ("2", "2.1", "4", "4.1", "4.3", "20", "128", "128.1", "130", "77.1.5.4", "77.1.6")  # PS3.4 Table B.5-1
)
"""CT, MR, NM, PET, ophthalmic tomography, slides: from a detector or a scanner, and nobody writes into the original."""
COMPUTED_CLASSES = frozenset(_STORAGE + kind for kind in ("30", "66.4", "66.7", "66.8", "481.2"))
"""Parametric maps, segmentations, height maps, dose: numbers and no picture, whatever their Image Type."""
WRITING_MODALITIES = frozenset(
    {"US", "IVUS", "IVOCT", "SC", "XA", "RF", "DF", "DS", "VF", "ES", "OT", "XC", "GM", "OP", "DG", "HC", "DOC", "TG"}
)
"""Their devices write into their pictures as a matter of course."""
SCREEN_WORDS = ("SCREEN", "CAPTURE", "SNAPSHOT", "REPORT", "PROTOCOL", "DOSE_INFO")
_CONVERSION = 0x00080064
_SAMPLES, _PHOTOMETRIC, _LABEL_IN_IMAGE = 0x00280002, 0x00280004, 0x00480010
_SLIDE = _STORAGE + "77.1.6"


class Unexamined(StrEnum):
    """What happens to an object that should have been looked at, and could not be in whole."""

    HOLD = "hold"
    LET_GO = "pass"


@dataclass(frozen=True, slots=True)
class PixelPolicy:
    """`clean`: what is found is blanked; without it whatever would be looked at is held.

    `always`: SOP classes or modalities that are looked at; `never`: those that are not, whatever else is said.
    `quiet`: SOP classes that are not looked at as long as nothing in the object speaks against it. All others are.
    `outside_regions`: in ultrasound everything outside its regions is blanked, text or not.
    `max_bytes` of pixel data, `max_frames` and `max_samples` of one frame: beyond them nothing is looked at or blanked,
    and `unexamined` decides.
    """

    clean: bool = True
    always: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    quiet: frozenset[str] = QUIET_CLASSES
    layouts: tuple[Layout, ...] = ()
    outside_regions: bool = False
    max_bytes: int = 1024**3
    max_frames: int = 4096
    max_samples: int = 2**27
    unexamined: Unexamined = Unexamined.HOLD


def to_look_at(elements: Item, syntax: Syntax, policy: PixelPolicy) -> bool:
    """Whether somebody may have written into the pixels (PS3.15 Section E.3.1). What nobody knows is looked at."""
    if pixels_of(elements) is None:
        return False
    kind, modality = word(elements, SOP_CLASS), word(elements, MODALITY).upper()
    if {kind, modality} & policy.never:
        return False
    if {kind, modality} & policy.always or modality in WRITING_MODALITIES or _signs(elements):
        return True
    if kind in COMPUTED_CLASSES:
        return False
    return kind not in policy.quiet or not _straight_from_detector(elements, kind, syntax)


def _signs(elements: Item) -> bool:
    """Something in the object says that there is text. Nothing in it says that there is none: not even
    BurnedInAnnotation NO, which devices write without a look."""
    if "YES" in (word(elements, BURNED_IN_ANNOTATION).upper(), word(elements, _LABEL_IN_IMAGE).upper()):
        return True
    # DI: from a digital interface. All others were drawn, scanned or captured (PS3.3 C.8.6.1).
    if word(elements, _CONVERSION).upper() not in ("", "DI"):
        return True
    return any(mark in value.upper() for value in words(elements, IMAGE_TYPE) for mark in SCREEN_WORDS)


def _straight_from_detector(elements: Item, kind: str, syntax: Syntax) -> bool:
    """Original, or a primary result of the examination; grey where the detector sees no colours (PS3.3 C.7.6.1.1.2)."""
    image_type = [value.upper() for value in words(elements, IMAGE_TYPE)]
    if kind == _SLIDE:
        # The label of a slide, and the overview that shows it (PS3.3 C.8.12.4.1.1).
        return not {"LABEL", "OVERVIEW"} & set(image_type)
    if not word(elements, _PHOTOMETRIC).upper().startswith("MONOCHROME"):
        return False
    return image_type[:1] == ["ORIGINAL"] or image_type[1:2] == ["PRIMARY"]
