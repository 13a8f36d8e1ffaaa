"""Finds text in pictures: in tiles at full size, and reduced for large letters. README.md tells how well."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from services.anonymiser.pixels.boxes import Box, merged
from services.anonymiser.pixels.lines import Line, cores, hidden, joined, lines_in
from services.anonymiser.pixels.margins import huge
from services.anonymiser.pixels.models import Array, Detecting, Reading
from services.anonymiser.pixels.preparing import in_colour, lifted, with_reference


@dataclass(frozen=True, slots=True)
class Look:
    """One way of looking at a picture. Lengths in pixels of the scaled picture.

    Pictures are enlarged up to `enlarge` times as long as they stay below `spend` pixels, never reduced; cut into
    tiles of `tile` at most that share `overlap`; and seen a second time reduced to `reduced`, for large letters.
    """

    tile: int
    overlap: int
    enlarge: float
    spend: int
    reduced: int
    inverted: bool


_SMALLER, _LARGE = 0.8, 32
"""The reduced picture is at most that share of the other, and adds marks of so many pixels of the image across at
least: smaller ones are seen better in the tiles."""
_SURELY_READ, _GUESSED, _OF_SHAPES, _LIKELY = 0.8, 2.0, 3.0, 0.6
"""Certainty of one or two characters that are read where text is likely; the sum of the certainties of more, wherever;
and the sum that it takes in a good part of the picture, where shapes are read as letters."""
_NEAR = 2
"""Times the size of a character: what is farther away is not of the same word."""

LOOKS = {
    1: Look(tile=1280, overlap=96, enlarge=2.0, spend=2_400_000, reduced=640, inverted=False),
    2: Look(tile=928, overlap=160, enlarge=1.5, spend=1_600_000, reduced=480, inverted=True),
}
"""The first, and another one that sees what was blanked with other eyes."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A line that is text. `several`: there is more than one character in it, or nobody knows."""

    line: Line
    several: bool


class Detector:
    """Finds text. Loads its networks when it is made; not to be shared between threads."""

    def __init__(self, threads: int = 1) -> None:
        self._detecting = Detecting(threads)
        self._reading = Reading(threads)

    def find(self, image: Array, look: int = 1) -> tuple[Box, ...]:
        """Boxes around text, with room for its outer edges, in (rows, columns) or (rows, columns, 3) of uint8.

        `look` is a key of LOOKS. Dropped is what is detected with doubt and then not read, or as fewer than three
        characters when it is huge; what is detected where all pixels are the same; and a single character by itself,
        which tells a side or a view, and nobody's name.
        """
        way = LOOKS[look]
        if min(image.shape[:2]) < 1:
            return ()
        shown = 255 - image if way.inverted else image
        scale, small = _enlargement(image, way), way.reduced / max(image.shape[:2])
        found = joined(_boxes(self._marks(shown, scale, way), image, scale))
        if small < _SMALLER * scale:
            large = (mark for mark in self._marks(shown, small, way) if mark.line.across >= _LARGE * small)
            fresh = [mark for mark in large if not hidden(mark.line.mark(small), found)]
            found += joined(_boxes(fresh, image, small))
        whole = Box(0, 0, image.shape[1], image.shape[0])
        return merged(box.clipped(whole) for box in found)

    def _marks(self, image: Array, scale: float, look: Look) -> Iterator[Mark]:
        scaled = lifted(_resized(image, scale))
        chances = self._chances(scaled, look)
        for line in lines_in(chances):
            if line.sure:
                yield Mark(line, several=True)
            elif (read := self._read(scaled, line, scale)) is not None:
                yield read
            else:
                cut = (self._read(scaled, core, scale) for core in cores(line, chances))
                yield from (mark for mark in cut if mark is not None)

    def _chances(self, image: Array, look: Look) -> Array:
        chances = np.zeros(image.shape[:2], np.float32)
        for rows in cuts(image.shape[0], look):
            for columns in cuts(image.shape[1], look):
                tile = image[rows, columns]
                if tile.min() == tile.max():
                    continue
                seen = self._detecting.chances(with_reference(tile))
                place = chances[rows, columns]
                np.maximum(place, seen[: place.shape[0], : place.shape[1]], out=place)
        return chances

    def _read(self, scaled: Array, line: Line, scale: float) -> Mark | None:
        """The line if it can be read in one of its directions."""
        rows, columns = (round(side / scale) for side in scaled.shape[:2])
        large = huge(line.box(scale).clipped(Box(0, 0, columns, rows)), rows, columns)
        readings = [self._reading.certainties(in_colour(cut)) for cut in line.cuts(scaled)]
        texts = [reading for reading in readings if _is_text(reading, line.chance, large)]
        return Mark(line, several=any(len(reading) > 1 for reading in texts)) if texts else None


def _is_text(certainties: Sequence[float], chance: float, large: bool) -> bool:
    """Whether what was read in a mark of this `chance` is text: several characters, or few that are sure."""
    whole = sum(certainties)
    if large:
        return whole >= _OF_SHAPES
    return whole >= _GUESSED or (chance >= _LIKELY and whole >= max(1, len(certainties)) * _SURELY_READ)


def _boxes(marks: Iterable[Mark], image: Array, scale: float) -> list[Box]:
    """Around what can be seen at all, and does not stand by itself as a single character."""
    found = [(box, mark.several) for mark in marks if shows(image, box := mark.line.box(scale))]
    return [box for box, several in found if several or _accompanied(box, [other for other, _ in found])]


def _accompanied(box: Box, others: Iterable[Box]) -> bool:
    """Whether something else is near enough to be of one word with it, in whatever direction that is written."""
    around = box.grown(_NEAR * max(box.bottom - box.top, box.right - box.left))
    return any(other != box and around.meets(other) for other in others)


def shows(image: Array, box: Box) -> bool:
    """Whether anything at all can be seen there."""
    seen = image[max(0, box.top) : box.bottom, max(0, box.left) : box.right]
    return seen.size > 0 and bool(np.any(seen != seen[0, 0]))


def _enlargement(image: Array, look: Look) -> float:
    return min(look.enlarge, max(1.0, math.sqrt(look.spend / (image.shape[0] * image.shape[1]))))


def _resized(image: Array, scale: float) -> Array:
    import cv2

    if scale == 1:
        return image
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=how))


def cuts(length: int, look: Look) -> list[slice]:
    """Equal tiles that share `overlap` at least and cover `length`."""
    step = look.tile - look.overlap
    number = max(1, math.ceil((length - look.overlap) / step))
    tile = math.ceil((length + (number - 1) * look.overlap) / number)
    starts = [n * (length - tile) // max(1, number - 1) for n in range(number)]
    return [slice(start, start + tile) for start in starts]


@cache
def detector() -> Detector:
    """The one of this process."""
    return Detector()
