"""The pixel data of one object as frames, and the element again with some of them changed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import numpy as np

from services.anonymiser.dataset.mapped import Progress
from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.pixels import native, residue
from services.anonymiser.pixels.description import PIXEL_DATA, Description
from services.anonymiser.pixels.fragments import Encapsulated, Unmapped, joined, parted
from shared.dicom.codestream import precision

_AT_ONCE = 2**22
"""Bytes of native frames."""


class Misfit(Exception):
    """A changed frame has another size than the one that it replaces."""


class Source(Protocol):
    """Frames by number; `tidy` tells that nothing but frames is in the pixel data."""

    @property
    def tidy(self) -> bool: ...

    def frame(self, index: int) -> bytes | memoryview:
        """As `stored.decoded` takes it."""
        ...

    def suspects(self) -> Iterator[int]:
        """Frames that may have something in bits that are no pixel, as far as can be told without a codec."""
        ...

    def element(self, changes: Mapping[int, bytes]) -> Element:
        """The pixel data with these frames, and with nothing but frames. Raises Misfit."""
        ...


def source_of(pixels: Element, described: Description, elements: Item) -> Source:
    """The frames of `pixels`. Raises Unmapped when nobody can tell them apart, or when some are missing or too many."""
    if described.encapsulated:
        return _Fragments(pixels.value, described, parted(pixels.value, described.frames, elements))
    source = _Native(pixels, described)
    beyond = len(pixels.value) - described.length
    if beyond < 0 or (beyond * 8 >= described.bits and not source.tidy):
        raise Unmapped
    return source


class _Native:
    def __init__(self, pixels: Element, described: Description) -> None:
        self._pixels, self._described = pixels, described
        self._value = native.straight(pixels.value, described)
        self._progress = Progress(self._value)

    @property
    def tidy(self) -> bool:
        """Zeros may follow, and one byte of anything that makes the length even."""
        end = self._described.length
        return not bytes(self._pixels.value[end + end % 2 :]).strip(b"\0")

    def frame(self, index: int) -> bytes | memoryview:
        self._progress.to((index + 1) * self._described.bits // 8)
        return native.cut(self._value, self._described, index)

    def suspects(self) -> Iterator[int]:
        """Looks at many small frames in one go."""
        d = self._described
        many = max(1, min(d.frames, _AT_ONCE * 8 // d.bits))
        for first in range(0, d.frames, many):
            frames = range(first, min(first + many, d.frames))
            begin, end = first * d.bits // 8, frames[-1] * d.bits // 8 + d.bits // 8
            self._progress.to(end)
            if residue.in_frame(np.frombuffer(self._value[begin:end], d.dtype), d):
                yield from frames

    def element(self, changes: Mapping[int, bytes]) -> Element:
        if not changes:
            end = self._described.length
            kept = self._pixels.value[: end + end % 2]
            return Element(self._pixels.tag, self._pixels.vr, kept)
        value = bytearray(self._value[: self._described.length])
        for index, frame in changes.items():
            if len(frame) != (self._described.bits + 7) // 8:
                raise Misfit
            native.put(value, self._described, index, frame)
        value += b"\0" * (len(value) % 2)
        return Element(self._pixels.tag, self._pixels.vr, bytes(native.straight(bytes(value), self._described)))


class _Fragments:
    def __init__(self, value: bytes | memoryview, described: Description, parts: Encapsulated) -> None:
        self._described, self._parts = described, parts
        self._progress, self._end = Progress(value), 0

    @property
    def tidy(self) -> bool:
        return self._parts.sound

    def frame(self, index: int) -> bytes:
        frame = b"".join(self._parts.frames[index])
        # Near enough: what is between the fragments is not counted.
        self._end = self._end + len(frame) if index else len(frame)
        self._progress.to(self._end)
        return frame

    def suspects(self) -> Iterator[int]:
        d = self._described
        return (n for n in range(d.frames) if (precision(self.frame(n), d.syntax) or d.allocated) > d.stored)

    def element(self, changes: Mapping[int, bytes]) -> Element:
        frames = [(changes[n],) if n in changes else pieces for n, pieces in enumerate(self._parts.frames)]
        return Element(PIXEL_DATA, "OB", joined(frames, self._parts.offsets), encapsulated=True)


def natively(frames: Iterable[bytes], described: Description) -> Element:
    """Pixel data in Explicit VR Little Endian. Raises Misfit."""
    value = bytearray()
    for frame in frames:
        if len(frame) != (described.bits + 7) // 8:
            raise Misfit
        value += frame
    value += b"\0" * (len(value) % 2)
    return Element(PIXEL_DATA, "OB" if described.allocated <= 8 else "OW", bytes(value))
