"""Is there as much pixel data as rows, columns, samples, bits and frames ask for (PS3.3 C.7.6.3, PS3.5 8 and A.4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom.uid import AllTransferSyntaxes, RLELossless

from services.validator import elements
from services.validator.defects import Code, Defect
from services.validator.elements import Header
from shared.events import BulkElement
from shared.outcome import Reason

FLOAT, DOUBLE, INTEGER = "7FE00008", "7FE00009", "7FE00010"
PIXEL_ELEMENTS = (INTEGER, FLOAT, DOUBLE)
PROVIDER_URL = "00287FE0"
SAMPLES, PHOTOMETRIC, PLANAR, FRAMES = "00280002", "00280004", "00280006", "00280008"
ROWS, COLUMNS, ALLOCATED, STORED, HIGH_BIT, SIGN = (
    "00280010", "00280011", "00280100", "00280101", "00280102", "00280103",
)  # fmt: skip
_PALETTE_DESCRIPTORS = ("00281101", "00281102", "00281103")
_BITS_OF = {FLOAT: 32, DOUBLE: 64}
_ENCAPSULATED = {str(syntax): syntax.is_encapsulated for syntax in AllTransferSyntaxes}
# MPEG2 to HEVC (PS3.6 Table A-1), with their fragmentable forms.
_VIDEO = tuple(f"1.2.840.10008.1.2.4.{arc}" for arc in range(100, 109))


@dataclass(frozen=True, slots=True)
class Shape:
    """What the Image Pixel attributes promise."""

    rows: int
    columns: int
    samples: int
    bits: int
    frames: int
    photometric: str

    def length(self) -> int:
        """Bytes of native pixel data, without the padding to even length.

        Bits are packed without a gap, also between frames, where one bit is allocated (PS3.5 8.1.1, 8.2). Two pixels
        of YBR_FULL_422 and its retired sister share their colour: four samples instead of six (PS3.3 C.7.6.3.1.2).
        """
        pixels = self.rows * self.columns * self.frames
        halved = self.samples == 3 and self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422")
        return -(-pixels * (2 if halved else self.samples) * self.bits // 8)


def check(header: Header, bulk: Sequence[BulkElement], transfer_syntax: str, *, image: bool) -> Iterator[Defect]:
    """Everything about pixels. `image`: the SOP class demands them; without it they are checked where they stand."""
    found = [element for tag in PIXEL_ELEMENTS for element in bulk if element.tag == tag]
    if not found:
        if image and elements.text(header, PROVIDER_URL) is None:
            yield Defect(Code.MISSING_TYPE_1, INTEGER, Reason.MISSING_TYPE_1)
        return
    pixels = found[0]
    if len({element.tag for element in found}) > 1:
        yield Defect(Code.SEVERAL_PIXEL_ELEMENTS, pixels.tag)
    missing = list(_missing(header, pixels))
    yield from missing
    yield from _bits(header, pixels.tag)
    frames, defects = _frames(header)
    yield from defects
    yield from _encapsulation(pixels, transfer_syntax)
    if pixels.encapsulated:
        yield from _fragments(pixels, frames, transfer_syntax)
    elif not any(defect.reason for defect in missing):
        yield from _native(pixels, _shape(header, pixels.tag, frames))


def _missing(header: Header, pixels: BulkElement) -> Iterator[Defect]:
    """PS3.3 Table C.7-11a; Float and Double Float Image Pixel (C.7.6.24, C.7.6.25) do without the last three."""
    for tag in (SAMPLES, ROWS, COLUMNS, ALLOCATED):
        if (elements.whole(header, tag) or 0) < 1:
            yield Defect(Code.MISSING_TYPE_1, tag, Reason.MISSING_TYPE_1)
    if elements.text(header, PHOTOMETRIC) is None:
        yield Defect(Code.MISSING_TYPE_1, PHOTOMETRIC, Reason.MISSING_TYPE_1)
    if pixels.tag == INTEGER:
        for tag in (STORED, SIGN):
            if elements.whole(header, tag) is None:
                yield Defect(Code.MISSING_TYPE_1, tag, Reason.MISSING_TYPE_1)
        # High Bit follows from Bits Stored (PS3.5 8.1.1), so readers do without.
        if elements.whole(header, HIGH_BIT) is None:
            yield Defect(Code.MISSING_TYPE_1, HIGH_BIT)
    yield from _conditional(header, pixels)


def _conditional(header: Header, pixels: BulkElement) -> Iterator[Defect]:
    """Type 1C of the same table: without them colour cannot be told, unless the codec's stream says it."""
    native = None if pixels.encapsulated else Reason.MISSING_TYPE_1
    if (elements.whole(header, SAMPLES) or 1) > 1 and elements.whole(header, PLANAR) not in (0, 1):
        yield Defect(Code.MISSING_TYPE_1C, PLANAR, native)
    if elements.text(header, PHOTOMETRIC) == "PALETTE COLOR" and not elements.present(header, "00281199"):
        for tag in _PALETTE_DESCRIPTORS:
            if not elements.values(header, tag):
                yield Defect(Code.MISSING_TYPE_1C, tag, Reason.MISSING_TYPE_1)


def _bits(header: Header, tag: str) -> Iterator[Defect]:
    """Bits that contradict each other: readers go by Bits Allocated and mask, so none of it rejects (PS3.5 8.1.1)."""
    allocated = elements.whole(header, ALLOCATED)
    if allocated is None:
        return
    if tag in _BITS_OF:
        if allocated != _BITS_OF[tag]:
            yield Defect(Code.BITS, ALLOCATED)
        return
    stored, high = elements.whole(header, STORED), elements.whole(header, HIGH_BIT)
    if allocated != 1 and allocated % 8:
        yield Defect(Code.BITS, ALLOCATED)
    if stored is not None and not 1 <= stored <= allocated:
        yield Defect(Code.BITS, STORED)
    if stored is not None and high is not None and high != stored - 1:
        yield Defect(Code.BITS, HIGH_BIT)


def _frames(header: Header) -> tuple[int, list[Defect]]:
    """Number of frames; one where it is not told, or told so that nobody can use it."""
    if not elements.present(header, FRAMES):
        return 1, []
    frames = elements.whole(header, FRAMES)
    if frames is None or frames < 1:
        return 1, [Defect(Code.FRAMES_UNUSABLE, FRAMES)]
    return frames, []


def _encapsulation(pixels: BulkElement, transfer_syntax: str) -> Iterator[Defect]:
    """Encapsulated exactly when the transfer syntax says so (PS3.5 A.4): else nobody knows how to read it."""
    expected = _ENCAPSULATED.get(transfer_syntax)
    if expected is None:
        yield Defect(Code.UNKNOWN_TRANSFER_SYNTAX)
    elif expected != pixels.encapsulated:
        yield Defect(Code.ENCAPSULATION, pixels.tag, Reason.PIXEL_LENGTH)


def _fragments(pixels: BulkElement, frames: int, transfer_syntax: str) -> Iterator[Defect]:
    """At least one fragment for each frame; video is one stream; RLE has exactly one (PS3.5 A.4, A.4.2)."""
    least = 1 if transfer_syntax.startswith(_VIDEO) else frames
    if pixels.fragments < least or pixels.length == 0:
        yield Defect(Code.FRAGMENTS_FEW, pixels.tag, Reason.PIXEL_LENGTH)
    elif transfer_syntax == RLELossless and pixels.fragments > frames:
        yield Defect(Code.FRAGMENTS_MANY, pixels.tag)


def _shape(header: Header, tag: str, frames: int) -> Shape:
    def number(name: str) -> int:
        return elements.whole(header, name) or 0

    bits = _BITS_OF.get(tag, number(ALLOCATED))
    photometric = elements.text(header, PHOTOMETRIC) or ""
    return Shape(number(ROWS), number(COLUMNS), number(SAMPLES), bits, frames, photometric)


def _native(pixels: BulkElement, shape: Shape) -> Iterator[Defect]:
    needed, there = shape.length(), pixels.length
    if there < needed:
        yield Defect(Code.PIXELS_SHORT, pixels.tag, Reason.PIXEL_LENGTH)
    elif there > needed + needed % 2:
        yield Defect(Code.PIXELS_LONG, pixels.tag)
    elif there % 2:
        yield Defect(Code.PIXELS_UNPADDED, pixels.tag)
