"""A data set looked at over its bytes (PS3.5 Section 7), element by element: what nobody asks for costs no memory."""

from collections.abc import Iterator
from struct import Struct

from shared.dicom.vrs import LONG_VRS

_DELIMITING, _ENDS = 0xFFFE, frozenset({0xFFFEE00D, 0xFFFEE0DD})
"""Group of items and of what ends them and their sequences; the tags of the latter."""
_END = 8
"""Bytes of such an end."""
_UNDEFINED = 0xFFFFFFFF


class NotRead(ValueError):
    """An element goes beyond what it is in."""


class Elements:
    """Of `data`, in explicit VR or not, little endian or not. All of it raises NotRead, struct.error or RecursionError
    where the bytes are no elements."""

    def __init__(self, data: bytes, *, explicit: bool, little: bool) -> None:
        self._data, self._explicit = data, explicit
        order = "<" if little else ">"
        self._tag, self._short, self._long = Struct(f"{order}HH"), Struct(f"{order}H"), Struct(f"{order}L")

    def within(self, at: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Of each from `at` to `end`: its tag, and where its value begins and stops. An item of a sequence is one, too
        (PS3.5 Section 7.5)."""
        while at < end:
            tag, length, begin = self._head(at)
            open_ = length == _UNDEFINED
            at = self._behind(begin) if open_ else begin + length
            if at > end:
                raise NotRead
            yield tag, begin, at - _END if open_ else at

    def _head(self, at: int) -> tuple[int, int, int]:
        """Tag, length, and where the value begins."""
        group, element = self._tag.unpack_from(self._data, at)
        tag = group << 16 | element
        if not self._explicit or group == _DELIMITING:
            return tag, self._long.unpack_from(self._data, at + 4)[0], at + 8
        if self._data[at + 4 : at + 6] in LONG_VRS:
            return tag, self._long.unpack_from(self._data, at + 8)[0], at + 12
        return tag, self._short.unpack_from(self._data, at + 6)[0], at + 8

    def _behind(self, at: int) -> int:
        """Where the sequence or item without a length goes on whose value begins at `at`: behind its end."""
        while True:
            tag, length, at = self._head(at)
            if tag in _ENDS:
                return at
            at = self._behind(at) if length == _UNDEFINED else at + length
