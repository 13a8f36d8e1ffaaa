"""Command sets as bytes (PS3.7 Section 6.3.1): elements of group 0000 in Implicit VR Little Endian, always."""

from collections.abc import Iterable
from struct import Struct, error

_HEAD = Struct("<HHL")
_GROUP_LENGTH = 0x0000


class NoCommandSet(ValueError):
    """These bytes are none."""


def elements(data: bytes) -> dict[int, bytes]:
    """The values in a whole command set, by element number. Raises NoCommandSet."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        try:
            group, element, length = _HEAD.unpack_from(data, at)
        except error:
            raise NoCommandSet from None
        at += _HEAD.size + length
        if group or at > len(data):
            raise NoCommandSet
        found[element] = data[at - length : at]
    return found


def written(values: Iterable[tuple[int, bytes]]) -> bytes:
    """The command set of these elements, in their order, behind its group length."""
    body = b"".join(_element(number, value) for number, value in values)
    return _element(_GROUP_LENGTH, len(body).to_bytes(4, "little")) + body


def _element(number: int, value: bytes) -> bytes:
    return _HEAD.pack(0, number, len(value)) + value
