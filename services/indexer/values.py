"""Values of a DICOM JSON header as PostgreSQL can store them; what it would refuse becomes None or is cut."""

import re
from datetime import date
from typing import Any

from shared.database.text import storable

Header = dict[str, Any]

TEXT_LIMIT = 256
"""Characters: four times the longest VR that has a column (LO, PS3.5 Table 6.2-1), and well below an index row."""

INTEGER_LIMIT = 2**31
BIGINT_LIMIT = 2**63

_DATE = re.compile(r"([0-9]{4})\.?([0-9]{2})\.?([0-9]{2})")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?)?)?")
_UID = re.compile(r"[0-9.]{1,64}")


def is_uid(value: str) -> bool:
    """Whether `value` can be a UID at all (PS3.5 Section 9.1: digits and dots, at most 64)."""
    return _UID.fullmatch(value) is not None


def first(header: Header, tag: str) -> Any:
    """The first value of a top-level element (PS3.18 Section F.2.2), or None."""
    element = header.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values[0] if isinstance(values, list) and values else None


def text(header: Header, tag: str) -> str | None:
    """The first value as text; empty is None."""
    return _text(first(header, tag))


def name(header: Header, tag: str) -> str | None:
    """The first component group of a person name (PS3.18 Section F.2.2) that has one."""
    groups = first(header, tag)
    if not isinstance(groups, dict):
        return _text(groups)
    found = (_text(groups.get(group)) for group in ("Alphabetic", "Ideographic", "Phonetic"))
    return next((group for group in found if group is not None), None)


def day(header: Header, tag: str) -> date | None:
    """A DA value, also in the form of old (PS3.5 Table 6.2-1); a day that no calendar has is None."""
    match = _DATE.fullmatch(_text(first(header, tag)) or "")
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def time_of_day(header: Header, tag: str) -> str | None:
    """A TM value without the colons of old (PS3.5 Table 6.2-1), so that comparing text compares times."""
    value = (_text(first(header, tag)) or "").replace(":", "")
    return value if _TIME.fullmatch(value) else None


def integer(header: Header, tag: str) -> int | None:
    """An IS, US or UL value, sent as a number or as text; None when it is beyond 32 bits."""
    value = first(header, tag)
    try:
        number = int(value) if isinstance(value, int | str) or _is_whole(value) else None
    except ValueError:
        return None
    return number if number is None or -INTEGER_LIMIT <= number < INTEGER_LIMIT else None


def _is_whole(value: object) -> bool:
    return isinstance(value, float) and value.is_integer()


def _text(value: object) -> str | None:
    if not isinstance(value, str | int | float):
        return None
    return storable(str(value)[:TEXT_LIMIT]).strip() or None
