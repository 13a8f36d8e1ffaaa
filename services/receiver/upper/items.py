"""What of an A-ASSOCIATE-RQ is for us: items that are not recognised are ignored and skipped (PS3.8 Section 9.3.1)."""

from collections.abc import Iterator
from struct import Struct

_CALLED, _CALLING, _ITEMS = 4, 20, 68
"""Where the two AE titles and the items begin in a body (PS3.8 Table 9-11, without the head)."""
_TITLE = 16
ECHOED = slice(_CALLED, _ITEMS)
"""What an answer repeats byte by byte: both titles, and what is reserved (PS3.8 Table 9-17)."""

_APPLICATION_CONTEXT, _PRESENTATION_CONTEXT, _USER_INFORMATION = 0x10, 0x20, 0x50
_OF_A_CONTEXT = frozenset({0x30, 0x40})
"""Abstract syntax, transfer syntax."""
_OF_THE_USER = frozenset({0x54, 0x58})
"""Roles and user identity. The others get no answer whatever they say, so that what they say need not make sense."""
_CONTEXT_HEAD = 4
"""Bytes of a presentation context before its sub-items: id, reserved."""
_HEAD = Struct(">BxH")


def recognised(body: bytes) -> bytes:
    """The body of the same request with what we recognise alone, and its titles padded with spaces where devices pad
    with NUL. Raises ValueError where a length is broken, be it that of an item which is skipped."""
    items = b"".join(_item(kind, content) for kind, content in _each(body[_ITEMS:]))
    titles = _title(body[_CALLED:_CALLING]) + _title(body[_CALLING : _CALLING + _TITLE])
    return body[:_CALLED] + titles + body[_CALLING + _TITLE : _ITEMS] + items


def _title(padded: bytes) -> bytes:
    return padded.strip(b" \0").ljust(_TITLE)


def _item(kind: int, content: bytes) -> bytes:
    """Nothing of one that is not recognised."""
    if kind == _APPLICATION_CONTEXT:
        return _encoded(kind, content)
    if kind == _PRESENTATION_CONTEXT:
        return _encoded(kind, content[:_CONTEXT_HEAD] + _of(content[_CONTEXT_HEAD:], _OF_A_CONTEXT))
    return _encoded(kind, _of(content, _OF_THE_USER)) if kind == _USER_INFORMATION else b""


def _of(content: bytes, kinds: frozenset[int]) -> bytes:
    return b"".join(_encoded(kind, value) for kind, value in _each(content) if kind in kinds)


def _encoded(kind: int, content: bytes) -> bytes:
    return _HEAD.pack(kind, len(content)) + content


def _each(items: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of each item."""
    place = 0
    while place < len(items):
        if len(items) - place < _HEAD.size:
            raise ValueError("an item's head is cut")
        kind, length = _HEAD.unpack_from(items, place)
        place += _HEAD.size
        if length > len(items) - place:
            raise ValueError("an item is longer than what it is in")
        yield kind, items[place : place + length]
        place += length
