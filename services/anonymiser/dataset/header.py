"""A cleaned tree as DICOM JSON Model (PS3.18 Annex F) without bulk data, and a list of what was left out."""

import math
from collections.abc import Callable
from struct import Struct
from typing import Any

from services.anonymiser.dataset import text
from services.anonymiser.dataset.fragments import fragments
from services.anonymiser.dataset.tree import PUBLIC_VRS, Element, Item, Syntax
from services.anonymiser.dataset.vrs import BYTES_VRS, CODE_VRS, TEXT_VRS
from services.anonymiser.findings import Code, finding
from shared.events import BulkElement, Finding

MAX_INLINE_BYTES = 1024
_FORMATS = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
_NUMBERS = {little: {vr: Struct("><"[little] + form) for vr, form in _FORMATS.items()} for little in (True, False)}
_SINGLE_VALUED = frozenset({"LT", "ST", "UR", "UT"})
_NAMES = {tag: f"{tag:08X}" for tag in PUBLIC_VRS}
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_UNKNOWN = object()
"""A value that JSON cannot express. (None is one that was sent empty, among others.)"""


def header(elements: Item, syntax: Syntax) -> tuple[dict[str, Any], list[Finding]]:
    """The JSON object, and what it could not express: those values are null or left out, never NaN."""
    findings: list[Finding] = []
    return _object(elements, syntax.little, text.DEFAULT, findings), findings


def bulk(elements: Item, syntax: Syntax) -> tuple[BulkElement, ...]:
    """The elements of the top level that the header leaves out. Raises ValueError for broken encapsulation."""
    return tuple(_described(element) for element in elements if _is_bulk(element) and element.value)


def _described(element: Element) -> BulkElement:
    # Without the basic offset table.
    lengths = [length for _, length in fragments(element.value)][1:] if element.encapsulated else []
    return BulkElement(
        tag=f"{element.tag:08X}",
        vr=element.vr,
        length=sum(lengths) if element.encapsulated else len(element.value),
        encapsulated=element.encapsulated,
        fragments=len(lengths),
    )


def _is_bulk(element: Element) -> bool:
    return element.vr in BYTES_VRS or (element.vr in _FORMATS and len(element.value) > MAX_INLINE_BYTES)


def _object(elements: Item, little: bool, names: text.Encodings, findings: list[Finding]) -> dict[str, Any]:
    names = text.declared(elements, names)
    members = {}
    for element in elements:
        vr = element.vr
        if vr in _WORDS:
            values = _WORDS[vr](element.content, names)
        elif vr == "SQ":
            values = [_object(item, little, names, findings) for item in element.items]
        elif _is_bulk(element):
            continue
        else:
            values = _numbers(vr, element.content, little)
        if element.tag == text.CHARACTER_SET:
            values = ["ISO_IR 192"]  # JSON is UTF-8, and says so here (PS3.18 Section F.2)
        if _UNKNOWN in values:
            findings.append(finding(Code.NOT_IN_JSON, element.tag))
            values = [None if value is _UNKNOWN else value for value in values]
        name = _NAMES.get(element.tag) or f"{element.tag:08X}"
        members[name] = {"vr": vr, "Value": values} if values.count(None) < len(values) else {"vr": vr}
    return members


def _numbers(vr: str, value: bytes, little: bool) -> list[Any]:
    if vr == "AT":
        pair = Struct("<HH" if little else ">HH")
        return [f"{group:04X}{item:04X}" for group, item in pair.iter_unpack(value[: len(value) // 4 * 4])]
    form = _NUMBERS[little][vr]
    numbers = form.iter_unpack(value[: len(value) // form.size * form.size])
    return [number if math.isfinite(number) else _UNKNOWN for (number,) in numbers]


def _single(value: bytes, names: text.Encodings) -> list[Any]:
    decoded = text.decoded(value, names)
    if decoded is None:
        return [_UNKNOWN]
    return [decoded] if decoded else []


def _several(value: bytes, names: text.Encodings) -> list[Any]:
    decoded = text.decoded(value, names)
    if decoded is None:
        return [_UNKNOWN]
    return [word.strip(" \0") or None for word in decoded.split("\\")] if decoded else []


def _codes(value: bytes, names: text.Encodings) -> list[Any]:
    return _several(value, text.DEFAULT)


def _people(value: bytes, names: text.Encodings) -> list[Any]:
    words = _several(value, names)
    return [_person(word) if isinstance(word, str) else word for word in words]


def _person(word: str) -> dict[str, str]:
    return {name: group for name, group in zip(_GROUPS, word.split("="), strict=False) if group}


def _decimals(value: bytes, names: text.Encodings) -> list[Any]:
    return [_number(float, word) for word in _several(value, text.DEFAULT)]


def _integers(value: bytes, names: text.Encodings) -> list[Any]:
    return [_number(int, word) for word in _several(value, text.DEFAULT)]


def _number(kind: Callable[[str], float], word: object) -> Any:
    if not isinstance(word, str):
        return word
    try:
        number = kind(word)
    except ValueError:
        return _UNKNOWN
    return number if math.isfinite(number) else _UNKNOWN


_WORDS: dict[str, Callable[[bytes, text.Encodings], list[Any]]] = {
    **dict.fromkeys(TEXT_VRS, _several),
    **dict.fromkeys(CODE_VRS, _codes),
    **dict.fromkeys(_SINGLE_VALUED, _single),
    "PN": _people,
    "DS": _decimals,
    "IS": _integers,
}
