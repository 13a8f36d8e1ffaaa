"""What the attributes beside the pixels must say after a change (PS3.3 Sections C.7.6.3, C.7.6.1.1.5, C.12.1.1.3)."""

from math import ceil

from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
)

from services.anonymiser.dataset.tags import BURNED_IN_ANNOTATION
from services.anonymiser.dataset.tree import Element, Item, find, word
from services.anonymiser.pixels.description import Description
from shared.dicom.codestream import JPEG_2000

_PHOTOMETRIC, _PLANAR, _ALLOCATED, _STORED, _HIGH, _SIGNED = (
    0x00280004, 0x00280006, 0x00280100, 0x00280101, 0x00280102, 0x00280103,
)  # fmt: skip
_LOSSY, _RATIO, _METHOD = 0x00282110, 0x00282112, 0x00282114
_METHODS = {
    JPEGBaseline8Bit: "ISO_10918_1",
    JPEGExtended12Bit: "ISO_10918_1",
    JPEGLSNearLossless: "ISO_14495_1",
    JPEG2000: "ISO_15444_1",
    HTJ2K: "ISO_15444_15",
}
_STALE = (
    0x00280106, 0x00280107, 0x00280110, 0x00280111,  # Smallest and Largest Image Pixel Value, and in Plane
    0x00603000,  # Histogram Sequence
    0x00880200,  # Icon Image Sequence: shows what was blanked
    0x4FFE0001, 0xFFFAFFFA,  # MAC Parameters, Digital Signatures
)  # fmt: skip


def not_burned_in() -> Element:
    """Burned In Annotation: NO, because there is none any more."""
    return _text(BURNED_IN_ANNOTATION, "CS", "NO")


def stale(elements: Item) -> dict[int, Element | None]:
    """What no longer holds when pixels have changed, of what is there; None removes it."""
    return {tag: None for tag in _STALE if find(elements, tag)}


def restated(elements: Item, before: Description, now: Description, length: int) -> dict[int, Element | None]:
    """The description of pixels that were encapsulated in `length` bytes, and are native now."""
    stated: dict[int, Element | None] = {
        _PHOTOMETRIC: _text(_PHOTOMETRIC, "CS", now.photometric),
        _ALLOCATED: _number(_ALLOCATED, now.allocated),
        _STORED: _number(_STORED, now.stored),
        _HIGH: _number(_HIGH, now.high),
        _SIGNED: _number(_SIGNED, int(now.signed)),
    }
    if now.samples > 1:
        stated[_PLANAR] = _number(_PLANAR, 0)
    return stated | _lossy(elements, before, length)


def recoded(described: Description, whole: bool) -> dict[int, Element | None]:
    """What must be told of frames that stay in their syntax, all of them encoded anew (`whole`) or only some."""
    stated: dict[int, Element | None] = {}
    if whole and described.photometric == "YBR_ICT":
        stated[_PHOTOMETRIC] = _text(_PHOTOMETRIC, "CS", "YBR_RCT")
    if described.planar and described.syntax in JPEG_2000:
        stated[_PLANAR] = _number(_PLANAR, 0)  # as PS3.5 Section A.4.4 demands; some readers believe what is told
    return stated


def _lossy(elements: Item, described: Description, length: int) -> dict[int, Element | None]:
    """Once lossy, always so; and what was never said must be, now that the syntax no longer tells."""
    method = _METHODS.get(UID(described.syntax))
    if method is None or word(elements, _LOSSY) == "01":
        return {}
    ratio = ceil(100 * described.rows * described.columns * described.samples * described.frames / max(length, 1)) / 100
    ratio *= described.dtype.itemsize
    return {
        _LOSSY: _text(_LOSSY, "CS", "01"),
        _RATIO: _text(_RATIO, "DS", f"{ratio:.2f}"),
        _METHOD: _text(_METHOD, "CS", method),
    }


def _text(tag: int, vr: str, value: str) -> Element:
    return Element(tag, vr, (value + " " * (len(value) % 2)).encode("ascii"))


def _number(tag: int, value: int) -> Element:
    return Element(tag, "US", value.to_bytes(2, "little"))
