"""Stored values of one sample to grey levels: padding, modality LUT, VOI LUT, polarity (PS3.3 C.7.6.3, C.11)."""

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from services.thumbnailer.attributes import Described, item, numbers, text
from services.thumbnailer.frame import Frame
from services.thumbnailer.plane import Array
from services.thumbnailer.scale import shrunk

_LOW, _HIGH = 0.5, 99.5
"""Percentiles that become black and white where nobody states a window."""

_FLAT = 0.1
"""A window that leaves less contrast than this shows nothing: it was made for other values."""


@dataclass(frozen=True, slots=True)
class Lut:
    """A look-up table (PS3.3 C.11.1.1, C.11.2.1.1): `first` is the value that maps to the first entry."""

    first: float
    entries: Array
    bits: int

    @property
    def top(self) -> float:
        """The highest value an entry can have. Some state 16 bits and use eight: then what eight can have."""
        used = int(self.entries.max(initial=1)).bit_length()
        return float(2 ** (8 if used <= 8 else min(self.bits, 16)) - 1)

    def __call__(self, values: Array) -> Array:
        mapped: Array = np.interp(values - self.first, np.arange(len(self.entries)), self.entries)
        return mapped


def grey(frame: Frame, size: tuple[int, int]) -> Array:
    """Grey levels in 8 bits. Padding is black whatever the polarity (PS3.3 C.7.5.1.1.2)."""
    values, covered = _means(frame, size)
    values = _modality(values, frame.described)
    there = covered > 0
    levels = np.clip(_levels(values, values[there], frame), 0, 1)
    if frame.photometric == "MONOCHROME1":
        levels = 1 - levels
    return np.asarray(np.rint(levels * covered * 255), dtype=np.uint8)


def _means(frame: Frame, size: tuple[int, int]) -> tuple[Array, Array]:
    """Area means over the pixels that are there, and which share of each area is."""
    there = _there(frame)
    if there is None or there.all() or not there.any():
        plain = np.nan_to_num(shrunk(frame.array, size), posinf=0, neginf=0)
        return plain, np.ones_like(plain)
    covered = shrunk(there.astype(np.float32), size)
    summed = shrunk(np.where(there, frame.array, 0), size)
    return np.divide(summed, covered, out=np.zeros_like(summed), where=covered > 0), covered


def _there(frame: Frame) -> Array | None:
    """Which pixels are no padding and are numbers; None when all may be."""
    array, dataset = frame.array, frame.described.dataset
    if array.dtype.kind == "f":
        found = numbers(dataset, "FloatPixelPaddingValue") or numbers(dataset, "DoubleFloatPixelPaddingValue")
        finite = np.isfinite(array)
        return np.asarray(finite & (array != found[0]) if found else finite)
    padding = numbers(dataset, "PixelPaddingValue")
    if not padding:
        return None
    ends = [padding[0], *numbers(dataset, "PixelPaddingRangeLimit")[:1]]
    # Senders write a negative value as unsigned and the other way round: the bits count.
    bits = [np.array(int(end) & 0xFFFFFFFF, dtype=np.uint32).astype(array.dtype) for end in ends]
    return np.asarray((array < min(bits)) | (array > max(bits)))


def _modality(values: Array, described: Described) -> Array:
    """Modality LUT (PS3.3 C.11.1), or the pixel value transformation of the frame (C.7.6.16.2.9)."""
    macro = "PixelValueTransformationSequence"
    table = item(described.dataset, "ModalityLUTSequence")
    lut = _lut(table, described) if table is not None else None
    if lut is not None:
        return lut(values)
    slope, intercept = (described.number(name, macro) for name in ("RescaleSlope", "RescaleIntercept"))
    return values * (slope or 1) + (intercept or 0)


def _levels(values: Array, valid: Array, frame: Frame) -> Array:
    """0 is black, 1 is white, before polarity. A window that shows nothing is not used."""
    for stated in (_by_lut(values, frame.described), _by_window(values, frame)):
        if stated is not None and np.ptp(np.clip(stated, 0, 1)) >= _FLAT:
            return stated
    low, high = _range(valid, frame)
    return (values - low) / (high - low) if high > low else np.full_like(values, 1.0 if low > 0 else 0.0)


def _range(valid: Array, frame: Frame) -> tuple[float, float]:
    """What becomes black and white where no window is stated."""
    dataset = frame.described.dataset
    if text(dataset, "Modality") == "SEG":
        return 0.0, float(valid.max(initial=0))
    low, high = (float(end) for end in np.percentile(valid, (_LOW, _HIGH)))
    # Eight bits without a window are most often levels made for a screen, unless they use only few of them.
    if frame.array.dtype == np.uint8:
        top = float(2 ** min((numbers(dataset, "BitsStored") or [8.0])[0], 8.0) - 1)
        if high - low > top / 4:
            return 0.0, top
    return (low, high) if high > low else (float(valid.min()), float(valid.max()))


def _by_lut(values: Array, described: Described) -> Array | None:
    """VOI LUT Sequence, first item (PS3.3 C.11.2.1.1)."""
    for source in described.sources("FrameVOILUTSequence"):
        table = item(source, "VOILUTSequence")
        lut = _lut(table, described) if table is not None else None
        if lut is not None and lut.entries.max() > 0:
            return lut(values) / lut.top
    return None


def _by_window(values: Array, frame: Frame) -> Array | None:
    """Window Center and Width, first value, by VOI LUT Function (PS3.3 C.11.2.1.2, C.11.2.1.3)."""
    macro, described = "FrameVOILUTSequence", frame.described
    centre, width = described.number("WindowCenter", macro), described.number("WindowWidth", macro)
    if centre is None or width is None or width <= 0:
        return None
    functions = [text(source, "VOILUTFunction") for source in described.sources(macro)]
    function = next((name for name in functions if name), "LINEAR")
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -50, 50))))
    # LINEAR takes one off the width, which makes sense for whole numbers only.
    if function == "LINEAR_EXACT" or frame.array.dtype.kind == "f":
        return (values - centre) / width + 0.5
    return (values - (centre - 0.5)) / max(width - 1, 1e-3) + 0.5


def _lut(table: Dataset, described: Described) -> Lut | None:
    """The table of one item: LUT Data in US, SS or OW, whichever way the sender wrote it."""
    descriptor = numbers(table, "LUTDescriptor")
    data = table.get("LUTData")
    if len(descriptor) != 3 or data is None:
        return None
    if isinstance(data, bytes):
        order = "<" if described.dataset.original_encoding[1] is not False else ">"
        packed = len(data) < 2 * descriptor[0]  # two entries of eight bits in one word
        data = np.frombuffer(data[: len(data) // 2 * 2], dtype="u1" if packed else f"{order}u2")
    entries = np.asarray(data, dtype=np.float64)[: int(descriptor[0]) or 65536]
    return Lut(descriptor[1], entries, int(descriptor[2])) if len(entries) > 1 else None
