"""A data set walked over the bytes as they stand (PS3.5 Section 7): heads are read, values sliced, pixels not touched.

Takes what is well formed. Everything else is left to the reference, which knows what others forgive.
"""

import time
from itertools import repeat
from operator import lt
from struct import Struct, error

from services.anonymiser.dataset.limits import LIMITS, BeyondLimits, Limits
from services.anonymiser.dataset.tags import PIXEL_REPRESENTATION
from services.anonymiser.dataset.tree import BULK_BYTES, PUBLIC_VRS, Element, Item, Syntax, find
from services.anonymiser.dataset.vrs import BYTES_VRS, LONG_VRS, US_OR_SS, VRS, implied_vr, may_be_bulk

UNDEFINED_LENGTH = 0xFFFFFFFF
PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_DELIMITING, _ITEM_END = 0xFFFE, 0xFFFEE00D
_ITEMS = ((_DELIMITING, 0xE000), (_DELIMITING, 0xE0DD))
_SHORT = {vr.encode("ascii"): vr for vr in sorted(VRS - LONG_VRS)}
_LONG = {vr.encode("ascii"): vr for vr in sorted(LONG_VRS)}
# The tags that imply one VR, whose values are not bytes: most elements in implicit VR.
_PLAIN = {tag: vr for tag, vr in PUBLIC_VRS.items() if vr in VRS - BYTES_VRS - {"SQ"}}
_STRIDE = 4096  # elements between two looks at the limits
_LONGEST_SEQUENCE = 2**31  # bytes; it will be written with its length, for which there are 32 bits


class NotWalked(Exception):
    """The walker does not take these bytes; the reference may."""


def walk(body: bytes | memoryview, syntax: Syntax, limits: Limits = LIMITS, start: int = 0) -> Item:
    """The data set in `body` from `start` on, inflated already. Raises NotWalked or BeyondLimits.

    Whatever follows the pixel data and is no element is left out: senders pad files, and other things hide there.
    """
    walker = _Walker(body, syntax.little, limits)
    try:
        # Some name one form and write the other; it shows at the first element, as pydicom finds it out.
        explicit = walker.looks_explicit(start) if syntax.little else True
        walk_level = walker.explicit if explicit else walker.implicit
        elements, _ = walk_level(start, len(body), 0, False)
    except error:
        raise NotWalked from None
    if not elements:
        raise NotWalked
    if walker.ambiguous:
        _settle(elements, signed=False)
    return elements


def walk_sequence(value: bytes | memoryview, limits: Limits = LIMITS) -> tuple[Item, ...]:
    """The items of a sequence that was sent as UN, or in implicit VR by someone whose dictionary we have now.

    They are in implicit VR, little endian (PS3.5 Section 6.2.2). Raises NotWalked or BeyondLimits.
    """
    walker = _Walker(value, True, limits)
    try:
        items, _ = walker.items(0, len(value), 0, implicit=True, open_=False)
    except error:
        raise NotWalked from None
    for item in items:
        _settle(item, signed=False)
    return items


class _Walker:
    """The way through one data set. Positions are offsets in `body`; an `open_` level ends with a delimiter."""

    __slots__ = (
        "ambiguous",
        "body",
        "deadline",
        "explicit_head",
        "head",
        "left",
        "limits",
        "little",
        "size",
        "viewing",
    )

    def __init__(self, body: bytes | memoryview, little: bool, limits: Limits) -> None:
        order = "<" if little else ">"
        self.explicit_head = Struct(order + "HH2sH").unpack_from
        self.head = Struct(order + "HHL").unpack_from
        self.size = Struct(order + "L").unpack_from
        self.body, self.viewing, self.little = body, isinstance(body, memoryview), little
        self.limits, self.left, self.ambiguous = limits, limits.elements, False
        self.deadline = time.monotonic() + limits.seconds

    def explicit(self, at: int, end: int, depth: int, open_: bool) -> tuple[Item, int]:
        """The elements of a data set or an item in explicit VR, and where it ends."""
        body, viewing, unpack, short = self.body, self.viewing, self.explicit_head, _SHORT
        found: list[Element] = []
        append, counted = found.append, 0
        if depth > self.limits.depth:
            raise BeyondLimits
        while at < end:
            for _ in repeat(None, _STRIDE):
                if at >= end:
                    break
                group, number, code, length = unpack(body, at)
                if code in short:
                    start = at + 8
                    at = start + length
                    value = body[start:at]
                    append(Element(group << 16 | number, short[code], bytes(value) if viewing else value))
                elif code in _LONG:
                    length = self.size(body, at + 8)[0]
                    element, at = self.other(group << 16 | number, _LONG[code], at + 12, length, end, depth)
                    append(element)
                    if not depth and element.tag in PIXELS:
                        at = end = self.behind(found, at, end, implicit=False)
                elif open_ and group == _DELIMITING and number == 0xE00D:
                    at = end = at + 8
                    open_ = False
                else:
                    raise NotWalked
            self.spend(len(found) - counted)
            counted = len(found)
        if open_ or at != end:
            raise NotWalked
        return _in_order(found), at

    def implicit(self, at: int, end: int, depth: int, open_: bool) -> tuple[Item, int]:
        """The elements of a data set or an item in implicit VR, and where it ends."""
        body, viewing, unpack, plain = self.body, self.viewing, self.head, _PLAIN
        found: list[Element] = []
        append, counted = found.append, 0
        if depth > self.limits.depth:
            raise BeyondLimits
        while at < end:
            for _ in repeat(None, _STRIDE):
                if at >= end:
                    break
                group, number, length = unpack(body, at)
                tag = group << 16 | number
                at += 8
                if tag in plain and length <= BULK_BYTES:
                    start, at = at, at + length
                    value = body[start:at]
                    append(Element(tag, plain[tag], bytes(value) if viewing else value))
                elif group != _DELIMITING:
                    element, at = self.other(tag, None, at, length, end, depth)
                    append(element)
                    if not depth and tag in PIXELS:
                        at = end = self.behind(found, at, end, implicit=True)
                elif open_ and tag == _ITEM_END:
                    end = at
                    open_ = False
                else:
                    raise NotWalked
            self.spend(len(found) - counted)
            counted = len(found)
        if open_ or at != end:
            raise NotWalked
        return _in_order(found), at

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0 or time.monotonic() > self.deadline:
            raise BeyondLimits

    def other(self, tag: int, vr: str | None, at: int, length: int, end: int, depth: int) -> tuple[Element, int]:
        """The element whose value begins at `at`, and where it ends; `vr` is None in implicit VR.

        A sequence that was sent as UN is in implicit VR, whatever the rest is in (PS3.5 Section 6.2.2).
        """
        written = vr
        if vr is None or (vr == "UN" and self.little):  # what was UN before big endian was written is little endian
            vr = implied_vr(tag)
        if length == UNDEFINED_LENGTH:
            return self.undefined(tag, written, vr, at, end, depth)
        stop = at + length
        if stop > end:
            raise NotWalked
        if vr != "SQ":
            return self.valued(tag, vr, at, stop), stop
        items, _ = self.items(at, stop, depth, implicit=written != "SQ", open_=False)
        return Element(tag, "SQ", b"", items), stop

    def valued(self, tag: int, vr: str, at: int, stop: int, encapsulated: bool = False) -> Element:
        size = stop - at
        if size > BULK_BYTES and vr in BYTES_VRS and may_be_bulk(tag):
            return Element(tag, vr, memoryview(self.body)[at:stop], encapsulated=encapsulated)
        if size > self.limits.value_bytes:
            raise BeyondLimits
        if vr == US_OR_SS:
            self.ambiguous = True
        return Element(tag, vr, bytes(self.body[at:stop]), encapsulated=encapsulated)

    def undefined(self, tag: int, written: str | None, vr: str, at: int, end: int, depth: int) -> tuple[Element, int]:
        """An element of undefined length: a sequence, or fragments."""
        start = at
        if written == "UN" and self.little:
            items, at = self.items(at, end, depth, implicit=True, open_=True, doubtful=True)
        elif vr == "SQ" or (written is None and vr == "UN" and self.head(self.body, at)[:2] in _ITEMS):
            items, at = self.items(at, end, depth, implicit=written is None, open_=True)
        elif vr in BYTES_VRS and vr != "UN" and self.little:
            stop = self.fragments(at, end)
            return self.valued(tag, vr, at, stop, encapsulated=True), stop + 8
        else:
            raise NotWalked
        if at - start > _LONGEST_SEQUENCE:
            raise BeyondLimits
        return Element(tag, "SQ", b"", items), at

    def items(
        self, at: int, end: int, depth: int, *, implicit: bool, open_: bool, doubtful: bool = False
    ) -> tuple[tuple[Item, ...], int]:
        """The items of a sequence, and where it ends. `doubtful`: others have read such items as explicit VR."""
        found: list[Item] = []
        walk_item = self.implicit if implicit else self.explicit
        while at < end:
            group, number, length = self.head(self.body, at)
            at += 8
            if open_ and (group, number) == (_DELIMITING, 0xE0DD):
                return tuple(found), at
            if (group, number) != (_DELIMITING, 0xE000) or (doubtful and self.looks_explicit(at)):
                raise NotWalked
            self.spend(1)
            stop = end if length == UNDEFINED_LENGTH else at + length
            if stop > end:
                raise NotWalked
            item, at = walk_item(at, stop, depth + 1, length == UNDEFINED_LENGTH)
            found.append(item)
        if open_ or at != end:
            raise NotWalked
        return tuple(found), at

    def fragments(self, at: int, end: int) -> int:
        """Where the fragments (PS3.5 Section A.4) end that begin here; only their heads are read."""
        head, body = self.head, self.body
        while True:
            for count in range(_STRIDE):
                group, number, length = head(body, at)
                if group == _DELIMITING and number == 0xE0DD and at + 8 <= end:
                    self.spend(count)
                    return at
                at += 8 + length
                if group != _DELIMITING or number != 0xE000 or at > end:
                    raise NotWalked
            self.spend(_STRIDE)

    def behind(self, found: list[Element], at: int, end: int, *, implicit: bool) -> int:
        """Adds the elements behind the pixel data, up to the first that is none: what is left is not looked at."""
        while (place := self.place(at, end, implicit)) is not None:
            tag, vr, at, length = place
            if tag <= found[-1].tag or (length != UNDEFINED_LENGTH and at + length > end):
                break
            element, at = self.other(tag, vr, at, length, end, 0)
            found.append(element)
            self.spend(1)
        return end

    def place(self, at: int, end: int, implicit: bool) -> tuple[int, str | None, int, int] | None:
        """Tag, VR, start and length of the value of the element at `at`; None if there is no element."""
        if end - at < 8:
            return None
        group, number, length = self.head(self.body, at)
        if group == _DELIMITING:
            return None
        tag = group << 16 | number
        if implicit:
            return tag, None, at + 8, length
        _, _, code, length = self.explicit_head(self.body, at)
        if code in _SHORT:
            return tag, _SHORT[code], at + 8, length
        if code in _LONG and end - at >= 12:
            return tag, _LONG[code], at + 12, self.size(self.body, at + 8)[0]
        return None

    def looks_explicit(self, at: int) -> bool:
        """Whether capital letters stand where explicit VR has a VR."""
        if at + 6 > len(self.body):
            raise NotWalked
        return 0x41 <= self.body[at + 4] <= 0x5A and 0x41 <= self.body[at + 5] <= 0x5A


def _in_order(found: list[Element]) -> Item:
    """Sorted by tag; of elements with the same tag the last one, as pydicom reads them."""
    tags = [element.tag for element in found]
    if not all(map(lt, tags, tags[1:])):
        found = sorted({element.tag: element for element in found}.values(), key=lambda element: element.tag)
    if found and found[-1].group >= _DELIMITING and any(element.group == _DELIMITING for element in found):
        raise NotWalked
    return tuple(found)


def _settle(elements: Item, *, signed: bool) -> None:
    """Decides between US and SS by Pixel Representation, of this level or the nearest one above (PS3.3 C.7.6.3.1.2)."""
    representation = find(elements, PIXEL_REPRESENTATION)
    if representation is not None:
        signed = int.from_bytes(representation.value, "little") == 1
    for element in elements:
        if element.vr == US_OR_SS:
            element.vr = "SS" if signed else "US"
        for item in element.items:
            _settle(item, signed=signed)
