"""Bits of stored samples that are no pixel: overlays were hidden there until 2004 (PS3.5 Section 8.1.1, 8.1.2)."""

import numpy as np

from services.anonymiser.dataset.tree import Item, Syntax, find
from services.anonymiser.pixels.description import Array, Description

_BATCH = 2**20
"""Samples that are looked at in one go."""


def room(described: Description) -> bool:
    """Whether there are bits that no sample uses."""
    return not described.real and described.allocated > described.stored


def in_native(value: bytes | memoryview, described: Description) -> bool:
    """Whether anything stands in the unused bits of native samples, in batches and without a copy of `value`.

    `value`: straight (see native). What lies behind the last frame does not count.
    """
    if not room(described):
        return False
    samples = np.frombuffer(value, described.dtype, min(described.length, len(value)) // described.dtype.itemsize)
    seen = _Seen(described)
    for first in range(0, len(samples), _BATCH):
        seen.add(samples[first : first + _BATCH])
    return seen.residue


def in_frame(values: Array, described: Description) -> bool:
    """The same of one decoded frame."""
    if not room(described):
        return False
    seen = _Seen(described)
    seen.add(values)
    return seen.residue


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


class _Seen:
    """What the unused bits hold. A signed object repeats the sign in all of its samples, or in none: one that does
    both would say something with it."""

    def __init__(self, described: Description) -> None:
        self._described = described
        self._not_zero = self._not_sign = False

    def add(self, values: Array) -> None:
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        bits = _unsigned(values)
        outside = np.array(~_mask(self._described) & (2 ** (bits.itemsize * 8) - 1), bits.dtype)
        self._not_zero = self._not_zero or bool(np.bitwise_or.reduce(bits, axis=None) & outside)
        if self._described.signed and not self._not_sign:
            self._not_sign = not _sign_repeated(values, self._described)

    @property
    def residue(self) -> bool:
        return self._not_zero and (not self._described.signed or self._not_sign)


def _sign_repeated(values: Array, described: Description) -> bool:
    half = 1 << described.stored - 1
    if described.high + 1 == described.stored:
        return bool(values.min(initial=0) >= -half and values.max(initial=0) < half)
    return np.array_equal(without(values, described), values)


def overlay_within(elements: Item, described: Description, syntax: Syntax) -> bool:
    """Whether an embedded overlay claims bits of the samples themselves, so that nobody can take one from the other.

    Embedded: without Overlay Data of its own (PS3.3 Section C.9.2, retired there in 2004).
    """
    for tag in (e.tag for e in elements if e.tag >> 24 == 0x60 and e.tag & 0x0001FFFF == 0x0102):
        apart = find(elements, tag & 0xFFFF0000 | 0x3000)
        bit = find(elements, tag)
        position = int.from_bytes(bytes(bit.value[:2]), "little" if syntax.little else "big") if bit else 0
        if apart is None and _mask(described) >> position & 1:
            return True
    return False


def _mask(described: Description) -> int:
    return ((1 << described.stored) - 1) << (described.high + 1 - described.stored)


def _unsigned(values: Array) -> Array:
    return values.view(values.dtype.str.replace("i", "u"))
