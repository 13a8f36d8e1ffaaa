"""Rectangles of pixels."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """Columns `left` to `right`, rows `top` to `bottom`; the last two of each not included."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def empty(self) -> bool:
        return self.left >= self.right or self.top >= self.bottom

    def within(self, other: "Box") -> bool:
        """Whether no pixel of it is outside `other`."""
        return (
            self.left >= other.left
            and self.top >= other.top
            and self.right <= other.right
            and self.bottom <= other.bottom
        )

    def meets(self, other: "Box") -> bool:
        """Whether they share a pixel."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def clipped(self, other: "Box") -> "Box":
        """What of it is inside `other`; perhaps nothing."""
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def grown(self, pixels: int) -> "Box":
        """Wider by so many pixels on each side."""
        return Box(self.left - pixels, self.top - pixels, self.right + pixels, self.bottom + pixels)


def merged(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """The same pixels without boxes that lie within another, in a stable order."""
    kept: list[Box] = []
    for box in sorted({b for b in boxes if not b.empty}, key=lambda b: (-(b.right - b.left) * (b.bottom - b.top), b)):
        if not any(box.within(other) for other in kept):
            kept.append(box)
    return tuple(sorted(kept))
