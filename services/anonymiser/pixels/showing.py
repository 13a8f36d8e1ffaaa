"""A stored frame as pictures in which a person, or a detector, would see what is written (PS3.3 Section C.11)."""

import numpy as np

from services.anonymiser.pixels.description import Array, Description
from services.anonymiser.pixels.palette import NoPalette, coloured
from services.anonymiser.pixels.stored import Stored, as_rgb

_LOW, _HIGH = 0.5, 99.5
"""Percentiles that become black and white where nobody states a window."""
_ALIKE = 0.1
"""Two ranges whose ends differ by no more than this share show the same."""
_SAMPLED = 2**20


def pictures(stored: Stored, described: Description) -> tuple[Array, ...]:
    """One or two pictures of 8 bits, (rows, columns) or (rows, columns, 3).

    Grey: as a viewer would show it, and the whole range, because text may lie outside the window. MONOCHROME1 is
    turned round. Look-up tables for modality and VOI are not applied: the whole range shows what they would.
    """
    values = stored.values
    if stored.photometric == "PALETTE COLOR":
        try:
            return (coloured(values, described),)
        except NoPalette:
            return _grey(values, described, False)
    if values.ndim == 3:
        return (_colour(as_rgb(stored, described).values[..., :3], described),)
    return _grey(values, described, stored.photometric == "MONOCHROME1")


def _colour(values: Array, described: Description) -> Array:
    if values.dtype == np.uint8:
        return values
    top = float(2**described.stored - 1)
    return np.asarray(np.clip(values.astype(np.float32) * (255 / top), 0, 255), np.uint8)


def _grey(values: Array, described: Description, inverted: bool) -> tuple[Array, ...]:
    if values.dtype.kind == "f":
        values = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)
    whole = float(values.min()), float(values.max())
    ranges = [whole]
    window = _window(values, described)
    if not _same(window, whole):
        ranges.insert(0, window)
    return tuple(_stretched(values, low, high, inverted) for low, high in ranges)


def _window(values: Array, described: Description) -> tuple[float, float]:
    """Ends of the first window in stored values; of the middle of the histogram when none is stated."""
    for centre, width in described.windows[:1]:
        if width >= 1:
            ends = sorted(
                (end - described.intercept) / described.slope for end in (centre - width / 2, centre + width / 2)
            )
            return ends[0], ends[1]
    if values.dtype.itemsize == 1:
        return float(values.min()), float(values.max())
    step = max(1, int((values.size / _SAMPLED) ** 0.5))
    low, high = np.percentile(values[::step, ::step], (_LOW, _HIGH))
    return float(low), float(high)


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    width = (other[1] - other[0]) or 1.0
    return one[0] == one[1] or all(abs(a - b) <= _ALIKE * width for a, b in zip(one, other, strict=True))


def _stretched(values: Array, low: float, high: float, inverted: bool) -> Array:
    scale = 255 / (high - low) if high > low else 0.0
    levels = np.clip((values.astype(np.float32) - np.float32(low)) * np.float32(scale), 0, 255)
    return np.asarray(255 - levels if inverted else levels, np.uint8)
