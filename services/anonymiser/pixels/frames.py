"""Which frames of many are read: the first of each few, and the others only when a cheap look at all their pixels says
that they may hold other text.

The cheap look reads two pictures for all frames of a group: the brightest and the darkest that each pixel becomes. Text
in any of them shows there, unless the frames differ so much that they hide each other's, or the text of the first is
not where it was: then all are read. How often this misses what reading would find is measured by
tests/bench/recall_frames.py.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.lines import hidden
from services.anonymiser.pixels.models import Array

GROUP = 8
_HELD_AT_ONCE = 256 * 1024**2
"""Bytes of decoded frames."""
_FEW = 3
"""Frames that are not worth composing."""
_CELL, _OTHER, _MUCH = 8, 40, 0.3
"""Two frames have little in common when cells of so many pixels a side differ by so many grey levels in that share of
the picture."""
_STILL, _MOST = 12, 90
"""A place is still when that percentage of its pixels changes by no more than so many grey levels."""
_STEADY = 0.6
"""Correlation of a box of text with the same place in another frame, from which it is taken for the same text."""


def groups(frames: int, frame_bytes: int) -> tuple[range, ...]:
    """Consecutive frames that are looked at together; `frame_bytes` is the size of one when decoded."""
    size = max(1, min(GROUP, _HELD_AT_ONCE // max(1, frame_bytes)))
    return tuple(range(start, min(start + size, frames)) for start in range(0, frames, size))


def read(
    parts: Iterable[range], seen: Callable[[int], tuple[Box, ...]], quiet: Callable[[range, tuple[Box, ...]], bool]
) -> dict[int, tuple[Box, ...]]:
    """The boxes of each frame that had to be read; frames that are missing have no other text than those around them.

    `seen` reads one frame. `quiet` takes the cheap look at some, of which the first has text in these boxes.
    """
    found: dict[int, tuple[Box, ...]] = {}
    for part in parts:
        found[part[0]] = seen(part[0])
        if len(part) <= _FEW or not quiet(part, found[part[0]]):
            found |= {frame: seen(frame) for frame in part[1:]}
    return found


def alike(
    frames: Iterable[tuple[Array, ...]], known: tuple[Box, ...], find: Callable[[Array], tuple[Box, ...]]
) -> bool:
    """Whether no frame has text that the first has not in its `known` boxes.

    `frames` are the pictures of each, (rows, columns) or (rows, columns, 3) of uint8, as many and in the same order;
    `find` reads one picture.
    """
    others = iter(frames)
    views = [_View(first, known) for first in next(others)]
    for shown in others:
        if len(shown) != len(views) or not all(map(_View.takes, views, shown)):
            return False
    return all(
        hidden(box, known) or view.still(box) for view in views for picture in view.extremes() for box in find(picture)
    )


@dataclass(slots=True)
class _View:
    """One picture of every frame: the first, and the brightest and darkest of all that it took."""

    first: Array
    known: tuple[Box, ...]
    brightest: Array = field(init=False)
    darkest: Array = field(init=False)
    coarse: Array = field(init=False)

    def __post_init__(self) -> None:
        self.brightest, self.darkest = self.first.copy(), self.first.copy()
        self.coarse = _coarse(self.first)

    def takes(self, picture: Array) -> bool:
        """Whether the picture is like the first: then it is among them."""
        if picture.shape != self.first.shape or not self._much_in_common(picture) or not self._says_the_same(picture):
            return False
        np.maximum(self.brightest, picture, out=self.brightest)
        np.minimum(self.darkest, picture, out=self.darkest)
        return True

    def extremes(self) -> Iterator[Array]:
        """Those that are not the first itself, which was read."""
        for extreme in (self.brightest, self.darkest):
            if not np.array_equal(extreme, self.first):
                yield extreme

    def still(self, box: Box) -> bool:
        """Whether all pictures show there what the first does, in which nothing was read."""
        place = np.s_[box.top : box.bottom, box.left : box.right]
        change = self.brightest[place].astype(np.int16) - self.darkest[place]
        return bool(np.percentile(change, _MOST) <= _STILL)

    def _much_in_common(self, picture: Array) -> bool:
        return bool((np.abs(_coarse(picture) - self.coarse) > _OTHER).mean() <= _MUCH)

    def _says_the_same(self, picture: Array) -> bool:
        return all(
            _correlation(self.first[place], picture[place]) >= _STEADY
            for place in (np.s_[box.top : box.bottom, box.left : box.right] for box in self.known)
        )


def _coarse(picture: Array) -> Array:
    grey = picture if picture.ndim == 2 else picture.mean(2, dtype=np.float32)
    rows, columns = (max(1, side // _CELL) for side in grey.shape)
    high, wide = grey.shape[0] // rows, grey.shape[1] // columns
    cells = grey[: rows * high, : columns * wide].reshape(rows, high, columns, wide)
    return np.asarray(cells.mean((1, 3), dtype=np.float32))


def _correlation(one: Array, other: Array) -> float:
    """Of two cuts; 1 when they are equal, also when they are flat."""
    if np.array_equal(one, other):
        return 1.0
    a, b = (cut.astype(np.float32).ravel() for cut in (one, other))
    a, b = a - a.mean(), b - b.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length else 0.0
