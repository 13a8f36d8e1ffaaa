"""Ultrasound regions: where the picture is, and so where its writing is (PS3.3 Section C.8.5.5)."""

from itertools import pairwise

from services.anonymiser.dataset.tree import Item, Syntax, find
from services.anonymiser.pixels.boxes import Box, merged

_REGIONS = 0x00186011
_CORNERS = (0x00186018, 0x0018601A, 0x0018601C, 0x0018601E)
"""Region Location Min X0, Min Y0, Max X1, Max Y1: the corners belong to it."""


def regions(elements: Item, syntax: Syntax, rows: int, columns: int) -> tuple[Box, ...]:
    """The regions that lie within the image; empty when none are stated or none make sense."""
    sequence = find(elements, _REGIONS)
    image = Box(0, 0, columns, rows)
    stated = (_box(item, syntax) for item in sequence.items) if sequence else ()
    return merged(box.clipped(image) for box in stated if box is not None)


def outside(regions: tuple[Box, ...], rows: int, columns: int) -> tuple[Box, ...]:
    """What no region covers, as boxes that do not meet; empty when there are no regions."""
    if not regions:
        return ()
    edges = sorted({0, rows, *(y for region in regions for y in (region.top, region.bottom))})
    return tuple(
        box
        for top, bottom in pairwise(edges)
        for box in _gaps([r for r in regions if r.top <= top and r.bottom >= bottom], top, bottom, columns)
    )


def _gaps(regions: list[Box], top: int, bottom: int, columns: int) -> list[Box]:
    found, left = [], 0
    for region in sorted(regions):
        if region.left > left:
            found.append(Box(left, top, region.left, bottom))
        left = max(left, region.right)
    if left < columns:
        found.append(Box(left, top, columns, bottom))
    return found


def _box(item: Item, syntax: Syntax) -> Box | None:
    corners = [find(item, tag) for tag in _CORNERS]
    numbers = [
        int.from_bytes(bytes(corner.value[:4]), "little" if syntax.little else "big") for corner in corners if corner
    ]
    if len(numbers) != len(_CORNERS):
        return None
    left, top, right, bottom = numbers
    return Box(left, top, right + 1, bottom + 1)
