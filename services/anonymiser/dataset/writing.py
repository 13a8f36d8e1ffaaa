"""A tree of elements to a Part 10 file (PS3.10 Section 7). One form for one content: all lengths are defined."""

import zlib
from struct import Struct

from services.anonymiser.dataset.tree import Element, Item, Syntax
from shared.dicom.part10 import wrap

_LONG_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_NULL_PADDED = frozenset({"UI", "OB", "OW", "UN"})
_UNDEFINED_LENGTH = 0xFFFFFFFF
_ITEM, _DELIMITER = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)


def part10(elements: Item, syntax: Syntax, sop_class: str, sop_instance: str) -> bytes:
    """The file: preamble of zeros, file meta information of our own, data set in `syntax`."""
    body = encoded(elements, syntax)
    if syntax.deflated:
        deflater = zlib.compressobj(level=6, wbits=-zlib.MAX_WBITS)
        body = _even(deflater.compress(body) + deflater.flush(), b"\0")
    return wrap(body, syntax.uid, sop_class, sop_instance)


def encoded(elements: Item, syntax: Syntax) -> bytes:
    """The elements one after the other (PS3.5 Section 7.1)."""
    return b"".join(_element(element, syntax) for element in elements)


def _element(element: Element, syntax: Syntax) -> bytes:
    if element.encapsulated:
        end = _packed("HHL", syntax, *_DELIMITER, 0)
        return _head(element, element.vr, _UNDEFINED_LENGTH, syntax) + element.content + end
    if element.vr == "SQ":
        value = b"".join(_item(item, syntax) for item in element.items)
    else:
        value = _even(element.content, b"\0" if element.vr in _NULL_PADDED else b" ")
    # A short VR whose value outgrows its 16 bit length is written as UN (PS3.5 Section 6.2.2).
    vr = element.vr if element.vr in _LONG_VRS or len(value) <= 0xFFFF else "UN"
    return _head(element, vr, len(value), syntax) + value


def _item(item: Item, syntax: Syntax) -> bytes:
    value = encoded(item, syntax)
    return _packed("HHL", syntax, *_ITEM, len(value)) + value


def _head(element: Element, vr: str, length: int, syntax: Syntax) -> bytes:
    tag = element.tag >> 16, element.tag & 0xFFFF
    if syntax.implicit:
        return _packed("HHL", syntax, *tag, length)
    if vr in _LONG_VRS:
        return _packed("HH2s2xL", syntax, *tag, vr.encode("ascii"), length)
    return _packed("HH2sH", syntax, *tag, vr.encode("ascii"), length)


def _packed(form: str, syntax: Syntax, *values: object) -> bytes:
    return Struct(("<" if syntax.little else ">") + form).pack(*values)


def _even(value: bytes, padding: bytes) -> bytes:
    return value + padding if len(value) % 2 else value
