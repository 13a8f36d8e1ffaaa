"""Reads the DICOM JSON Model (PS3.18 F) and forgives: what has an odd shape has no usable value, never an error."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Header = Mapping[str, Any]

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(\.0*)?", re.ASCII)


def present(header: Header, tag: str) -> bool:
    """Whether the element stands there, empty or not: all that type 2 asks for (PS3.5 7.4.3)."""
    return tag in header


def values(header: Header, tag: str) -> list[Any]:
    """The usable values of an element: no nulls, none at all when its `Value` is not a list."""
    element = header.get(tag)
    found = element.get("Value") if isinstance(element, Mapping) else None
    return [value for value in found if value is not None] if isinstance(found, list) else []


def text(header: Header, tag: str) -> str | None:
    """The first value as text without padding; None when it is empty or no text."""
    first = next(iter(values(header, tag)), None)
    return (first.strip(" \0") or None) if isinstance(first, str) else None


def whole(header: Header, tag: str) -> int | None:
    """The first value as a whole number: JSON writes IS as a number or as a string (PS3.18 F.2.3)."""
    first = next(iter(values(header, tag)), None)
    if isinstance(first, bool):
        return None
    if isinstance(first, int):
        return first
    if isinstance(first, float):
        return int(first) if first.is_integer() else None
    if isinstance(first, str) and _WHOLE.fullmatch(first.strip(" \0")):
        return int(first.strip(" \0").split(".")[0])
    return None


def every(header: Header) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every element at every depth, as tag and element. Does not recurse: depth is the sender's choice."""
    waiting: list[Header] = [header]
    while waiting:
        for tag, element in waiting.pop().items():
            if not isinstance(element, Mapping):
                continue
            yield tag, element
            found = element.get("Value")
            if element.get("vr") == "SQ" and isinstance(found, list):
                waiting.extend(item for item in found if isinstance(item, Mapping))
