"""Encapsulated pixel data: which fragments make which frame, and the way back (PS3.5 Section A.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from struct import Struct, unpack

from services.anonymiser.dataset.fragments import fragments
from services.anonymiser.dataset.tree import Item, find

EXTENDED_OFFSETS, EXTENDED_LENGTHS = 0x7FE00001, 0x7FE00002
_HEAD = Struct("<HHL")
_ITEM = (0xFFFE, 0xE000)
_MAX_OFFSET = 2**32 - 1
_MOST = 2**21
"""Fragments that are kept account of."""
_END_OF_IMAGE = b"\xff\xd9"


class Unmapped(Exception):
    """Nobody can say which bytes belong to which frame."""


@dataclass(frozen=True, slots=True)
class Encapsulated:
    """Fragments of each frame. `offsets`: there was a basic offset table; `sound`: it said what is true."""

    frames: tuple[tuple[bytes | memoryview, ...], ...]
    offsets: bool
    sound: bool


def parted(value: bytes | memoryview, frames: int, elements: Item = ()) -> Encapsulated:
    """The frames in `value`; `elements` may hold an extended offset table. Raises Unmapped."""
    (start, length), *pieces = _items(value)
    table = value[start : start + length]
    # Offsets count from the first byte after the table, and to the head of an item.
    begins = [piece - _HEAD.size - (start + length) for piece, _ in pieces]
    stated = list(unpack(f"<{length // 4}L", bytes(table))) if length % 4 == 0 else []
    firsts = _firsts(value, frames, pieces, begins, (stated, _extended(elements)))
    ends = [*firsts[1:], len(pieces)]
    parts = tuple(
        tuple(value[at : at + size] for at, size in pieces[first:end]) for first, end in zip(firsts, ends, strict=True)
    )
    return Encapsulated(parts, length > 0, length == 0 or stated == [begins[first] for first in firsts])


def joined(frames: Sequence[Sequence[bytes | memoryview]], offsets: bool) -> bytes:
    """The value for these frames; with a basic offset table if wanted and if its numbers suffice."""
    begins, body, position = [], bytearray(), 0
    for frame in frames:
        begins.append(position)
        for piece in frame:
            even = len(piece) + len(piece) % 2
            body += _HEAD.pack(*_ITEM, even)
            body += piece
            body += b"\0" * (even - len(piece))
            position += _HEAD.size + even
    wanted = offsets and all(begin <= _MAX_OFFSET for begin in begins)
    table = Struct(f"<{len(begins)}L").pack(*begins) if wanted else b""
    return _HEAD.pack(*_ITEM, len(table)) + table + bytes(body)


def _items(value: bytes | memoryview) -> list[tuple[int, int]]:
    """Start and length of every item, the offset table's first."""
    try:
        found = list(islice(fragments(value), _MOST + 2))
    except ValueError:
        raise Unmapped from None
    if not 2 <= len(found) <= _MOST + 1:
        raise Unmapped
    return found


def _firsts(
    value: bytes | memoryview,
    frames: int,
    pieces: list[tuple[int, int]],
    begins: list[int],
    tables: Sequence[list[int]],
) -> list[int]:
    """The number of each frame's first fragment."""
    if frames == 1:
        return [0]
    if len(pieces) == frames:
        return list(range(frames))
    where = {begin: number for number, begin in enumerate(begins)}
    for table in tables:
        if len(table) == frames and table[0] == 0 and table == sorted(set(table)) and where.keys() >= set(table):
            return [where[offset] for offset in table]
    firsts = [0] + [n + 1 for n, (at, size) in enumerate(pieces) if _END_OF_IMAGE in _end_of(value, at, size)]
    if firsts[-1] == len(pieces) and len(firsts) == frames + 1:
        return firsts[:-1]
    raise Unmapped


def _end_of(value: bytes | memoryview, start: int, length: int) -> bytes:
    """The last bytes of a fragment, where the end of an image stands, before padding."""
    return bytes(value[max(start, start + length - 10) : start + length])


def _extended(elements: Item) -> list[int]:
    table = find(elements, EXTENDED_OFFSETS)
    if table is None or len(table.value) % 8:
        return []
    return list(unpack(f"<{len(table.value) // 8}Q", bytes(table.value)))
