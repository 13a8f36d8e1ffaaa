"""What the database keeps of a header: JSON that jsonb takes, and not more of it than a row should hold."""

import json
from dataclasses import dataclass
from typing import Any

from services.indexer.values import Header
from shared.database.text import storable

HEADER_LIMIT = 4 * 1024 * 1024
"""Characters of JSON in one row. Whoever needs the elements left out reads the header object."""

ELEMENT_LIMIT = 16 * 1024
"""Characters of JSON of one element of a header that is too large."""

DEPTH_LIMIT = 128
"""Levels of JSON left of a header that met Python's own limit, 1000; PostgreSQL's is higher."""


@dataclass(frozen=True, slots=True)
class KeptHeader:
    """JSON text for jsonb; `cut` when elements were left out."""

    json: str
    cut: bool = False


def keep(header: Header) -> KeptHeader:
    """The header as it is, with as little changed as PostgreSQL demands."""
    text = _dumped(header)
    if text is None:
        header = {storable(tag): _clean(element, DEPTH_LIMIT) for tag, element in header.items()}
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":"))
    return KeptHeader(text) if len(text) <= HEADER_LIMIT else KeptHeader(_cut(header), cut=True)


def _dumped(value: object) -> str | None:
    """JSON, or None when cleaning is needed: this way the usual header is walked once, and in C."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        text.encode("utf-8")
    except (ValueError, RecursionError):
        return None
    # An escaped backslash before `u0000` looks the same; cleaning then finds nothing to do.
    return None if "\\u0000" in text else text


def _clean(value: Any, depth: int) -> Any:
    """`value` without NULs, numbers that are none, numbers beyond 64 bits, and levels beyond `depth`."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if value - value == 0.0 else None
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else None
    if depth == 0:
        return None
    if isinstance(value, dict):
        return {storable(name): _clean(item, depth - 1) for name, item in value.items()}
    return [_clean(item, depth - 1) for item in value] if isinstance(value, list) else None


def _cut(header: Header) -> str:
    kept: Header = {}
    room = HEADER_LIMIT
    for tag, element in header.items():
        size = len(json.dumps(element, ensure_ascii=False))
        if size <= min(ELEMENT_LIMIT, room):
            kept[tag] = element
            room -= size + len(tag) + 4
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
