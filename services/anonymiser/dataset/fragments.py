"""The fragments of encapsulated pixel data, by their heads only (PS3.5 Section A.4)."""

from collections.abc import Iterator
from struct import Struct

_HEAD = Struct("<HHL")
_ITEM = (0xFFFE, 0xE000)


def fragments(value: bytes | memoryview) -> Iterator[tuple[int, int]]:
    """Start and length of each fragment in `value`, the basic offset table first. Raises ValueError if it is none."""
    position = 0
    while position < len(value):
        if len(value) - position < _HEAD.size:
            raise ValueError("a fragment without a whole head")
        group, item, length = _HEAD.unpack_from(value, position)
        position += _HEAD.size
        if (group, item) != _ITEM or position + length > len(value):
            raise ValueError("not a fragment")
        yield position, length
        position += length
