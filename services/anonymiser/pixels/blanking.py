"""Boxes of stored values made black, in whatever the values mean (PS3.3 Section C.7.6.3.1.2)."""

from collections.abc import Iterable

import numpy as np

from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.description import HALVED, Array, Description
from services.anonymiser.pixels.palette import NoPalette, darkest

_COLOURS = {"RGB": (0.0, 0.0), "YBR_FULL": (0.0, 0.5), "YBR_FULL_422": (0.0, 0.5)}
_COLOURS |= {"YBR_PARTIAL": (1 / 16, 0.5), "YBR_PARTIAL_422": (1 / 16, 0.5)}
"""Black, as shares of the range: first sample, and the two others."""


class Unblankable(Exception):
    """Nobody here knows what is black in this photometric interpretation."""


def blanked(values: Array, boxes: Iterable[Box], described: Description, photometric: str) -> Array:
    """A copy of one frame with `boxes` black. What is halved together is blanked together. Raises Unblankable."""
    made = values.copy()
    colour = np.array(black(values, described, photometric), values.dtype)
    for box in boxes:
        left, right = box.left, box.right
        if photometric in HALVED and not described.encapsulated:
            left, right = left - left % 2, right + right % 2
        made[max(box.top, 0) : box.bottom, max(left, 0) : right] = colour
    return made


def black(values: Array, described: Description, photometric: str) -> tuple[int, ...]:
    """The samples of black: of a grey frame its own darkest value, so that a stretch of its range stays as it was."""
    if described.real:
        raise Unblankable
    if photometric in ("MONOCHROME1", "MONOCHROME2"):
        high = (photometric == "MONOCHROME1") != (described.slope < 0)
        return (int(values.max() if high else values.min()),)
    if photometric == "PALETTE COLOR":
        try:
            return (darkest(described),)
        except NoPalette:
            raise Unblankable from None
    if photometric not in _COLOURS or described.samples != 3:
        raise Unblankable
    first, others = _COLOURS[photometric]
    whole = 2**described.stored
    return round(first * whole), round(others * whole), round(others * whole)
