"""Lines of text in a map of chances: the network marks the middle of each line, a third to a half of its height."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.models import Array

CHANCE = 0.3
_CORE = 0.8
_THINNEST, _SMALLEST = 3, 16
"""Pixels across, and pixels in all."""
_BESIDE, _BEYOND, _LEAST_OUTWARD = 0.75, 1.25, 2
"""From a mark to the outer edges of the letters, above and below, and to the end of the first and last, which is often
not marked: of its height, and so many pixels more."""
_AROUND = 0.6
"""What is cut out for reading, likewise."""
_ALIKE, _LEVEL, _APART = 2.0, 0.6, 1.0
"""Boxes of one line: their heights differ by this factor at most, they share this much of the smaller height, and the
gap between them is this much of it at most."""
_SURE, _LONG = 0.9, 3
"""A mark with this chance, and this many times as long as high, is text whatever it says."""
_STRAIGHT = 4.0
"""Degrees."""

_FREE = 0.2


@dataclass(frozen=True, slots=True)
class Line:
    """A connected mark. Lengths in pixels of the map; `tilt` in degrees, of its long side."""

    left: int
    top: int
    width: int
    height: int
    centre: tuple[float, float]
    length: float
    across: float
    tilt: float
    chance: float

    @property
    def sure(self) -> bool:
        return self.chance >= _SURE and self.length >= _LONG * self.across

    def box(self, scale: float) -> Box:
        """Around the letters, in an image of which the map is `scale` times as large."""
        beside, beyond = (share * self.across + _LEAST_OUTWARD for share in (_BESIDE, _BEYOND))
        x, y = (beyond, beside) if self.width >= self.height else (beside, beyond)
        return Box(
            math.floor((self.left - x) / scale),
            math.floor((self.top - y) / scale),
            math.ceil((self.left + self.width + x) / scale),
            math.ceil((self.top + self.height + y) / scale),
        )

    def mark(self, scale: float) -> Box:
        """What was marked, in the same way."""
        left, top = round(self.left / scale), round(self.top / scale)
        return Box(left, top, left + math.ceil(self.width / scale), top + math.ceil(self.height / scale))

    def cuts(self, image: Array) -> Iterator[Array]:
        """The line as it is read, from left to right; in both directions when it is not level."""
        out = round(_AROUND * self.across + 2)
        if self._straight:
            rows = slice(max(0, self.top - out), self.top + self.height + out)
            columns = slice(max(0, self.left - out), self.left + self.width + out)
            cut = image[rows, columns]
            if self.height > self.width:
                cut = np.rot90(cut)
        else:
            cut = self._turned(image, out)
        cut = np.ascontiguousarray(cut)
        yield cut
        if not (self._straight and self.width >= self.height):
            yield np.ascontiguousarray(cut[::-1, ::-1])

    @property
    def _straight(self) -> bool:
        return min(abs(self.tilt) % 90, 90 - abs(self.tilt) % 90) <= _STRAIGHT or self.length < 2 * self.across

    def _turned(self, image: Array, out: int) -> Array:
        import cv2

        wide, high = round(self.length + 2 * out), round(self.across + 2 * out)
        turn = cv2.getRotationMatrix2D(self.centre, self.tilt, 1.0)
        turn[:, 2] += np.array((wide / 2 - self.centre[0], high / 2 - self.centre[1]))
        return np.asarray(cv2.warpAffine(image, turn, (wide, high), borderMode=cv2.BORDER_REPLICATE))


def lines_in(chances: Array, least: float = CHANCE) -> list[Line]:
    """The connected marks of `chances` (rows, columns) where they reach `least`."""
    import cv2

    marked = np.asarray(chances >= least, np.uint8)
    _, labels, places, _ = cv2.connectedComponentsWithStats(marked)
    return [
        _line(chances, labels, number, *map(int, place[:4]))
        for number, place in enumerate(places)
        if number and place[4] >= _SMALLEST and min(place[2:4]) >= _THINNEST
    ]


def cores(line: Line, chances: Array) -> list[Line]:
    """Thinner marks within a thick one, which may be several lines that run together, or text within no text."""
    here = np.s_[line.top : line.top + line.height, line.left : line.left + line.width]
    inner = lines_in(chances[here], _CORE)
    return [_moved(core, line.left, line.top) for core in inner if core.across < 0.7 * line.across]


def hidden(mark: Box, boxes: Iterable[Box]) -> bool:
    """Whether most of the mark is in boxes already."""
    free = np.ones((mark.bottom - mark.top, mark.right - mark.left), bool)
    for box in boxes:
        here = box.clipped(mark)
        if not here.empty:
            free[here.top - mark.top : here.bottom - mark.top, here.left - mark.left : here.right - mark.left] = False
    return bool(free.mean() < _FREE)


def joined(boxes: Iterable[Box]) -> list[Box]:
    """Boxes with what stands between words of one line."""
    whole: list[Box] = []
    for box in sorted(boxes):
        while (before := next((one for one in whole if _one_line(one, box)), None)) is not None:
            whole.remove(before)
            box = _around(before, box)
        whole.append(box)
    return whole


def _one_line(one: Box, other: Box) -> bool:
    heights = sorted((one.bottom - one.top, other.bottom - other.top))
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    gap = max(one.left, other.left) - min(one.right, other.right)
    return heights[1] <= _ALIKE * heights[0] and shared >= _LEVEL * heights[0] and gap <= _APART * heights[0]


def _around(one: Box, other: Box) -> Box:
    return Box(
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )


def _moved(line: Line, right: int, down: int) -> Line:
    return Line(
        line.left + right,
        line.top + down,
        line.width,
        line.height,
        (line.centre[0] + right, line.centre[1] + down),
        line.length,
        line.across,
        line.tilt,
        line.chance,
    )


def _line(chances: Array, labels: Array, number: int, left: int, top: int, width: int, height: int) -> Line:
    import cv2

    here = np.s_[top : top + height, left : left + width]
    inside = labels[here] == number
    (x, y), (one, other), tilt = cv2.minAreaRect(cv2.findNonZero(inside.astype(np.uint8)))
    if other > one:
        one, other, tilt = other, one, tilt - 90
    if tilt <= -90:
        tilt += 180
    return Line(
        left, top, width, height, (x + left, y + top), one + 1, other + 1, tilt, float(chances[here][inside].mean())
    )
