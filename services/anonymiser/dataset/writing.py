"""A tree of elements to a Part 10 file (PS3.10 Section 7). One form for one content: all lengths are defined."""

import zlib
from collections.abc import Iterable, Iterator
from struct import Struct

from services.anonymiser.dataset.tree import BULK_BYTES, Element, Item, Syntax
from services.anonymiser.dataset.vrs import BYTES_VRS, LONG_VRS, NUMBER_VRS, VRS
from shared.dicom.part10 import front

_UNDEFINED_LENGTH, _LONGEST_SHORT = 0xFFFFFFFF, 0xFFFE
_SHORT = {vr: vr.encode("ascii") for vr in VRS - LONG_VRS}
_LONG = {vr: vr.encode("ascii") for vr in LONG_VRS}
_NULL_PADDED = BYTES_VRS | NUMBER_VRS | {"UI"}
_ITEM, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)

Part = bytes | memoryview


def parts(elements: Item, syntax: Syntax, sop_class: str, sop_instance: str) -> list[Part]:
    """The file: preamble of zeros, file meta information of our own, data set in `syntax`. In parts: large values are
    parts of their own, uncopied."""
    chunks: list[Part] = [b""]
    _Writer(syntax, chunks).elements(elements)
    if syntax.deflated:
        chunks = [b"", *_deflated(chunks)]
    chunks[0] = front(syntax.uid, sop_class, sop_instance)
    return list(_joined(chunks))


def encoded(elements: Item, syntax: Syntax) -> bytes:
    """The elements one after the other (PS3.5 Section 7.1)."""
    chunks: list[Part] = []
    _Writer(syntax, chunks).elements(elements)
    return b"".join(chunks)


def _deflated(chunks: Iterable[Part]) -> Iterator[bytes]:
    deflater = zlib.compressobj(level=6, wbits=-zlib.MAX_WBITS)
    result = b"".join([*(deflater.compress(chunk) for chunk in chunks), deflater.flush()])
    yield result + b"\0" if len(result) % 2 else result


def _joined(chunks: Iterable[Part]) -> Iterator[Part]:
    run: list[Part] = []
    for chunk in chunks:
        if len(chunk) <= BULK_BYTES:
            run.append(chunk)
        else:
            yield from (b"".join(run), chunk) if run else (chunk,)
            run = []
    if run:
        yield b"".join(run)


class _Writer:
    """Adds the chunks of elements to a list, and tells how many bytes they have."""

    __slots__ = ("bare", "chunks", "implicit", "long", "short")

    def __init__(self, syntax: Syntax, chunks: list[Part]) -> None:
        order = "<" if syntax.little else ">"
        self.short, self.long = Struct(order + "HH2sH").pack, Struct(order + "HH2s2xL").pack
        self.bare = Struct(order + "HHL").pack
        self.implicit, self.chunks = syntax.implicit, chunks

    def elements(self, elements: Item) -> int:
        append, head, codes, other = self.chunks.append, self.short, _SHORT, self.other
        if self.implicit:
            codes = {}
        written = 0
        for element in elements:
            vr, value = element.vr, element.value
            size = len(value)
            if vr in codes and size <= _LONGEST_SHORT:
                append(head(element.tag >> 16, element.tag & 0xFFFF, codes[vr], size + size % 2))
                append(value)
                if size % 2:
                    append(b"\0" if vr in _NULL_PADDED else b" ")
                written += 8 + size + size % 2
            else:
                written += other(element)
        return written

    def other(self, element: Element) -> int:
        if element.vr == "SQ":
            return self.sequence(element)
        if element.encapsulated:
            size = self.head(element.tag, element.vr, _UNDEFINED_LENGTH)
            self.chunks += (element.value, self.bare(*_SEQUENCE_END, 0))
            return size + len(element.value) + 8
        return self.value(element)

    def value(self, element: Element) -> int:
        vr, size = element.vr, len(element.value)
        # A short VR whose value outgrows its 16 bit length is written as UN (PS3.5 Section 6.2.2).
        written = self.head(element.tag, vr if vr in _LONG or size <= _LONGEST_SHORT else "UN", size + size % 2)
        self.chunks.append(element.value)
        if size % 2:
            self.chunks.append(b"\0" if vr in _NULL_PADDED else b" ")
        return written + size + size % 2

    def sequence(self, element: Element) -> int:
        place, size = len(self.chunks), 0
        self.chunks.append(b"")
        for item in element.items:
            size += self.item(item)
        head = self.packed(element.tag, "SQ", size)
        self.chunks[place] = head
        return len(head) + size

    def item(self, item: Item) -> int:
        place = len(self.chunks)
        self.chunks.append(b"")
        size = self.elements(item)
        self.chunks[place] = self.bare(*_ITEM, size)
        return 8 + size

    def head(self, tag: int, vr: str, length: int) -> int:
        head = self.packed(tag, vr, length)
        self.chunks.append(head)
        return len(head)

    def packed(self, tag: int, vr: str, length: int) -> bytes:
        group, number = tag >> 16, tag & 0xFFFF
        if self.implicit:
            return self.bare(group, number, length)
        if vr in _LONG:
            return self.long(group, number, _LONG[vr], length)
        return self.short(group, number, _SHORT[vr], length)
