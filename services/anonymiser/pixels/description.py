"""What an object says of its pixels, as plain values that a worker process can take (PS3.3 Section C.7.6.3.1)."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from services.anonymiser.dataset.tree import Element, Item, Syntax, find, word, words

Array = np.ndarray[Any, np.dtype[Any]]
"""(rows, columns) or (rows, columns, samples)."""

PIXEL_DATA, FLOAT_PIXELS, DOUBLE_PIXELS = 0x7FE00010, 0x7FE00008, 0x7FE00009
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
HALVED = ("YBR_FULL_422", "YBR_PARTIAL_422")
"""Two pixels share their colour samples."""
MAX_FRAMES = 2**20
_SAMPLES, _PHOTOMETRIC, _PLANAR, _FRAMES = 0x00280002, 0x00280004, 0x00280006, 0x00280008
_ROWS, _COLUMNS, _ALLOCATED, _STORED, _HIGH, _SIGNED = (
    0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103,
)  # fmt: skip
_CENTRE, _WIDTH, _INTERCEPT, _SLOPE = 0x00281050, 0x00281051, 0x00281052, 0x00281053
_PALETTE = (0x00281101, 0x00281102, 0x00281103, 0x00281201, 0x00281202, 0x00281203, 0x00281221, 0x00281222, 0x00281223)
_PALETTE_UID = 0x00281199
_SHARED_GROUPS, _FRAME_GROUPS, _VOI_MACRO, _VALUES_MACRO = 0x52009229, 0x52009230, 0x00289132, 0x00289145


class Undescribed(Exception):
    """The description is incomplete or contradicts itself or the bytes, so nobody can say what the pixels are."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Tags and values of the three look-up tables (PS3.3 Section C.7.6.3.1.5), or the UID of a standard palette."""

    tables: tuple[tuple[int, bytes], ...] = ()
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """The image pixel description. `photometric` is what the bytes are in: a YBR_FULL_422 that halves nothing counts
    as YBR_FULL. `windows` are pairs of centre and width, in values after `slope` and `intercept`."""

    syntax: str
    rows: int
    columns: int
    samples: int
    frames: int
    allocated: int
    stored: int
    high: int
    signed: bool
    planar: int
    photometric: str
    little: bool = True
    swapped: bool = False
    encapsulated: bool = False
    real: bool = False
    windows: tuple[tuple[float, float], ...] = ()
    slope: float = 1.0
    intercept: float = 0.0
    palette: Palette = Palette()

    @property
    def bits(self) -> int:
        """Bits of a native frame."""
        samples = 2 if self.halved else self.samples
        return self.rows * self.columns * samples * self.allocated

    @property
    def halved(self) -> bool:
        """Native pixels in pairs that share their colour."""
        return not self.encapsulated and self.photometric in HALVED

    @property
    def length(self) -> int:
        """Bytes of all native frames, without padding (PS3.5 Section 8.1.1)."""
        return (self.bits * self.frames + 7) // 8

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of one stored sample, in the byte order of native pixel data."""
        if self.real:
            return np.dtype(f"{'<' if self.little else '>'}f{self.allocated // 8}")
        size = 1 if self.allocated <= 8 else self.allocated // 8
        return np.dtype(f"{'<' if self.little else '>'}{'i' if self.signed else 'u'}{size}")


def pixels_of(elements: Item) -> Element | None:
    """The element that holds the pixels, whatever their kind; None if there is none or an empty one."""
    held = (find(elements, tag) for tag in (PIXEL_DATA, FLOAT_PIXELS, DOUBLE_PIXELS))
    return next((element for element in held if element and len(element.value)), None)


def describe(elements: Item, syntax: Syntax) -> Description:
    """The description of the pixels in `elements`. Raises Undescribed."""
    pixels = pixels_of(elements)
    if pixels is None or sum(find(elements, tag) is not None for tag in (PIXEL_DATA, FLOAT_PIXELS, DOUBLE_PIXELS)) > 1:
        raise Undescribed
    real = pixels.tag != PIXEL_DATA
    allocated = {FLOAT_PIXELS: 32, DOUBLE_PIXELS: 64}.get(pixels.tag) or number(elements, _ALLOCATED, syntax)
    stored = allocated if real else number(elements, _STORED, syntax, allocated)
    slope, intercept, windows = _shown_by(elements)
    described = Description(
        syntax=syntax.uid,
        rows=number(elements, _ROWS, syntax),
        columns=number(elements, _COLUMNS, syntax),
        samples=number(elements, _SAMPLES, syntax, 1),
        frames=frames_of(elements),
        allocated=allocated,
        stored=stored,
        high=number(elements, _HIGH, syntax, stored - 1),
        signed=number(elements, _SIGNED, syntax) == 1,
        planar=number(elements, _PLANAR, syntax),
        photometric=word(elements, _PHOTOMETRIC).upper(),
        little=syntax.little,
        swapped=not syntax.little and pixels.vr == "OW" and allocated <= 8,
        encapsulated=pixels.encapsulated,
        real=real,
        windows=windows,
        slope=slope,
        intercept=intercept,
        palette=Palette(
            tuple((e.tag, bytes(e.value)) for e in elements if e.tag in _PALETTE), word(elements, _PALETTE_UID)
        ),
    )
    return _checked(described, len(pixels.value))


def _checked(described: Description, length: int) -> Description:
    d = described
    if not (d.rows and d.columns and d.photometric) and not d.real:
        raise Undescribed
    if d.allocated not in (1, 8, 16, 32, 64) or d.samples not in (1, 2, 3, 4) or (d.allocated == 1 and d.samples > 1):
        raise Undescribed
    if not d.stored <= d.high + 1 <= d.allocated or not 0 < d.stored <= d.allocated or d.frames > MAX_FRAMES:
        raise Undescribed
    if d.halved and (d.samples != 3 or d.allocated != 8):
        raise Undescribed
    # Some say that colour is halved and write it whole.
    if d.halved and length >= d.rows * d.columns * d.samples * d.frames:
        return replace(d, photometric=d.photometric.removesuffix("_422"))
    return d


def frames_of(elements: Item) -> int:
    """The Number of Frames, 1 when nothing is said. Raises Undescribed when it makes no sense: what is none is cut."""
    digits = word(elements, _FRAMES).removeprefix("+")
    if not digits:
        return 1
    if not digits.isdecimal() or len(digits) >= 10 or int(digits) < 1:
        raise Undescribed
    return int(digits)


def number(elements: Item, tag: int, syntax: Syntax, default: int = 0) -> int:
    """The first US of an element, `default` when there is none."""
    element = find(elements, tag)
    if element is None or not element.value:
        return default
    return int.from_bytes(bytes(element.value[:2]), "little" if syntax.little else "big")


def _shown_by(elements: Item) -> tuple[float, float, tuple[tuple[float, float], ...]]:
    """Rescaling and windows, of the data set or of its first frame (PS3.3 Sections C.11.1, C.11.2, C.7.6.16.2)."""
    groups = [elements]
    for tag in (_SHARED_GROUPS, _FRAME_GROUPS):
        first = _first(elements, tag)
        groups += [_first(first, macro) for macro in (_VOI_MACRO, _VALUES_MACRO)]
    centres, widths = ([n for g in groups for n in _decimals(g, tag)] for tag in (_CENTRE, _WIDTH))
    slopes, intercepts = ([n for g in groups for n in _decimals(g, tag)] for tag in (_SLOPE, _INTERCEPT))
    slope = slopes[0] if slopes and slopes[0] else 1.0
    return slope, intercepts[0] if intercepts else 0.0, tuple(zip(centres, widths, strict=False))


def _first(elements: Item, tag: int) -> Item:
    element = find(elements, tag)
    return element.items[0] if element and element.items else ()


def _decimals(elements: Item, tag: int) -> list[float]:
    found = []
    for text in words(elements, tag):
        try:
            number = float(text)
        except ValueError:
            continue
        if np.isfinite(number):
            found.append(number)
    return found
