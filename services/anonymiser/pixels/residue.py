"""Bits of stored samples that are no pixel: overlays were hidden there until 2004 (PS3.5 Section 8.1.1, 8.1.2)."""

import numpy as np

from services.anonymiser.dataset.tree import Item, Syntax, find
from services.anonymiser.pixels.description import Array, Description, number


def room(described: Description) -> bool:
    """Whether there are bits that no sample uses."""
    return not described.real and described.allocated > described.stored


def in_frame(values: Array, described: Description) -> bool:
    """Whether anything stands in the unused bits of one frame.

    Signed samples may repeat their sign there or not, and some are one bit too large for what is stated: each single
    bit of an overlay makes more of them than that.
    """
    if not room(described):
        return False
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    bits = _unsigned(values)
    outside = np.array(~_mask(described) & (2 ** (bits.itemsize * 8) - 1), bits.dtype)
    if not np.bitwise_or.reduce(bits, axis=None) & outside:
        return False
    return not described.signed or not _sign_repeated(values, described)


def without(values: Array, described: Description) -> Array:
    """The frame with nothing but pixels: unused bits are zero, above a signed sample they repeat its sign."""
    d = described
    low = d.high + 1 - d.stored
    width = values.dtype.itemsize * 8
    bits = _unsigned(values) & np.array(_mask(d), _unsigned(values).dtype)
    if not d.signed:
        return np.asarray(bits.view(values.dtype))
    # To the top, where the sign is, and back; what was below the sample comes back as zeros.
    up = (bits << np.array(width - 1 - d.high, bits.dtype)).view(values.dtype)
    clean = (up >> np.array(width - 1 - d.high, values.dtype)) & ~np.array((1 << low) - 1, values.dtype)
    return np.asarray(clean, values.dtype)


def _sign_repeated(values: Array, described: Description) -> bool:
    half = 1 << described.stored - 1
    if described.high + 1 == described.stored:
        return bool(values.min(initial=0) >= -half and values.max(initial=0) < 2 * half)
    return np.array_equal(without(values, described), values)


def overlay_within(elements: Item, described: Description, syntax: Syntax) -> bool:
    """Whether an embedded overlay claims bits of the samples themselves, so that nobody can take one from the other.

    Embedded: without Overlay Data of its own (PS3.3 Section C.9.2, retired there in 2004).
    """
    for tag in (e.tag for e in elements if e.tag >> 24 == 0x60 and e.tag & 0x0001FFFF == 0x0102):
        apart = find(elements, tag & 0xFFFF0000 | 0x3000)
        if apart is None and _mask(described) >> number(elements, tag, syntax) & 1:
            return True
    return False


def _mask(described: Description) -> int:
    return ((1 << described.stored) - 1) << (described.high + 1 - described.stored)


def _unsigned(values: Array) -> Array:
    return values.view(values.dtype.str.replace("i", "u"))
