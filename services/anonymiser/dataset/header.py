"""A cleaned tree as DICOM JSON Model (PS3.18 Annex F) without bulk data, and a list of what was left out."""

import math
import struct
from typing import Any

from services.anonymiser.dataset import text
from services.anonymiser.dataset.tree import Element, Item, Syntax
from services.anonymiser.dataset.vrs import BYTES_VRS, TEXT_VRS
from services.anonymiser.findings import Code, finding
from shared.events import BulkElement, Finding

MAX_INLINE_BYTES = 1024
_FORMATS = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
_SINGLE_VALUED = frozenset({"LT", "ST", "UR", "UT"})
_CHARACTER_SET = 0x00080005
_UNKNOWN = object()
"""A value that JSON cannot express. (None is one that was sent empty, among others.)"""
_ITEM_HEAD = struct.Struct("<HHL")


def header(elements: Item, syntax: Syntax) -> tuple[dict[str, Any], list[Finding]]:
    """The JSON object, and what it could not express: those values are null or left out, never NaN."""
    findings: list[Finding] = []
    return _object(elements, syntax, text.DEFAULT, findings), findings


def bulk(elements: Item, syntax: Syntax) -> tuple[BulkElement, ...]:
    """The elements of the top level that the header leaves out. Raises ValueError for broken encapsulation."""
    return tuple(_described(element) for element in elements if _is_bulk(element) and element.value)


def _described(element: Element) -> BulkElement:
    lengths = fragments(element.content) if element.encapsulated else []
    return BulkElement(
        tag=f"{element.tag:08X}",
        vr=element.vr,
        length=sum(lengths) if element.encapsulated else len(element.value),
        encapsulated=element.encapsulated,
        fragments=len(lengths),
    )


def fragments(value: bytes) -> list[int]:
    """The lengths of the fragments after the basic offset table (PS3.5 Section A.4); ValueError if it is none."""
    lengths, position = [], 0
    while position < len(value):
        if len(value) - position < _ITEM_HEAD.size:
            raise ValueError("a fragment without a whole head")
        group, item, length = _ITEM_HEAD.unpack_from(value, position)
        position += _ITEM_HEAD.size + length
        if (group, item) != (0xFFFE, 0xE000) or position > len(value):
            raise ValueError("not a fragment")
        lengths.append(length)
    return lengths[1:]


def _is_bulk(element: Element) -> bool:
    return element.vr in BYTES_VRS or (element.vr in _FORMATS and len(element.value) > MAX_INLINE_BYTES)


def _object(elements: Item, syntax: Syntax, names: text.Encodings, findings: list[Finding]) -> dict[str, Any]:
    for element in elements:
        if element.tag == _CHARACTER_SET:
            names = text.encodings(element.content)
    members = {}
    for element in elements:
        if not _is_bulk(element):
            members[f"{element.tag:08X}"] = _member(element, syntax, names, findings)
    return members


def _member(element: Element, syntax: Syntax, names: text.Encodings, findings: list[Finding]) -> dict[str, Any]:
    vr = element.vr
    if vr == "SQ":
        values: list[Any] = [_object(item, syntax, names, findings) for item in element.items]
    elif element.tag == _CHARACTER_SET:
        values = ["ISO_IR 192"]  # JSON is UTF-8, and says so here (PS3.18 Section F.2)
    else:
        values = _values(element, syntax, names)
        if _UNKNOWN in values:
            findings.append(finding(Code.NOT_IN_JSON, element.tag))
            values = [None if value is _UNKNOWN else value for value in values]
    return {"vr": vr, "Value": values} if any(value is not None for value in values) else {"vr": vr}


def _values(element: Element, syntax: Syntax, names: text.Encodings) -> list[Any]:
    vr, value = element.vr, element.content
    if vr == "AT":
        form = "<HH" if syntax.little else ">HH"
        return [f"{group:04X}{item:04X}" for group, item in struct.iter_unpack(form, value[: len(value) // 4 * 4])]
    if vr in _FORMATS:
        form = ("<" if syntax.little else ">") + _FORMATS[vr]
        whole = len(value) // struct.calcsize(form) * struct.calcsize(form)
        return [_finite(number) for (number,) in struct.iter_unpack(form, value[:whole])]
    decoded = text.decoded(value, names) if vr in TEXT_VRS else text.decoded(value, text.DEFAULT)
    if decoded is None:
        return [_UNKNOWN]
    words = [decoded] if vr in _SINGLE_VALUED else [word.strip(" \0") for word in decoded.split("\\")]
    return [_word(vr, word) if word else None for word in words] if decoded else []


def _word(vr: str, word: str) -> Any:
    if vr == "PN":
        groups = zip(("Alphabetic", "Ideographic", "Phonetic"), word.split("="), strict=False)
        return {name: group for name, group in groups if group}
    if vr not in ("DS", "IS"):
        return word
    try:
        return _finite(float(word)) if vr == "DS" else int(word)
    except ValueError:
        return _UNKNOWN


def _finite(number: float) -> Any:
    return number if math.isfinite(number) else _UNKNOWN
