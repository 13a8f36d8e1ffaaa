"""How far around a box of text is blanked, for letters reach beyond what detectors mark; and which is none."""

from collections.abc import Iterable

from services.anonymiser.pixels.boxes import Box, merged

_SHARE, _LEAST = 0.2, 3
"""Of the height of a line, and pixels at least."""
_OUTSIDE = 1.0
"""The same where no picture is: to the next line and the next letter."""
_HIGH, _PART = 80, 1 / 8
"""A box that is higher than so many pixels, and than this part of the picture, and covers more than this part."""


def roomy(boxes: Iterable[Box], regions: tuple[Box, ...], rows: int, columns: int) -> tuple[Box, ...]:
    """The boxes with their margin, within the image. Outside the `regions` of an ultrasound picture it is wide, but
    does not reach into them."""
    image = Box(0, 0, columns, rows)
    grown = []
    for box in boxes:
        height = min(box.bottom - box.top, box.right - box.left)
        grown.append(box.grown(_pixels(_SHARE, height)))
        if regions and not any(box.meets(region) for region in regions):
            wide = box.grown(_pixels(_OUTSIDE, height))
            grown.append(wide if not any(wide.meets(region) for region in regions) else grown[-1])
    return merged(box.clipped(image) for box in grown)


def doubtful(boxes: Iterable[Box], rows: int, columns: int) -> bool:
    """Whether one of them is too large even for some lines of text: more likely it is the picture itself, and to blank
    that is no cure."""
    return any(huge(box, rows, columns) for box in boxes)


def huge(box: Box, rows: int, columns: int) -> bool:
    """Whether the box is higher than a line of text, and a good part of the picture."""
    high, wide = box.bottom - box.top, box.right - box.left
    return min(high, wide) > max(_HIGH, _PART * min(rows, columns)) and high * wide > _PART * rows * columns


def _pixels(share: float, height: int) -> int:
    return max(_LEAST, round(share * height))
