"""Single values (PS3.5 Section 6.2): dummies that fit, UIDs that are DICOM's own, numbers that are numbers."""

import re
from collections.abc import Collection, Iterable
from datetime import date

from pydicom._uid_dict import UID_dictionary

from services.anonymiser.dataset.vrs import TEXT_VRS

DUMMY_TEXT = "ANONYMISED"
_FIXED = {"AS": b"000Y", "DA": b"19000101", "DT": b"19000101000000", "TM": b"000000", "DS": b"0 ", "IS": b"0 "}
_ZEROS = {"OF": 4, "OL": 4, "SL": 4, "UL": 4, "FL": 4, "AT": 4, "OD": 8, "OV": 8, "FD": 8, "SV": 8, "UV": 8}
_REGISTERED = re.compile(r"1\.2\.840\.10008(\.\d{1,4}){1,10}", re.ASCII)
_AGE = re.compile(rb"(\d{3})([DWMY])")
_ONE = rb" *[-+]?\d{1,16}(?:\.\d{0,16})?(?:[eE][-+]?\d{1,3})? *"
_ORDINARY = re.compile(rb"%b(?:\\%b)*" % (_ONE, _ONE))
"""Most numbers, by one look."""
_NUMBERS = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_OF_ALL = frozenset({"SOP Class", "Meta SOP Class", "Transfer Syntax", "Well-known frame of reference"})
_TIME_ZONE = 0x00080201
# Only in these a backslash is a letter like others (PS3.5 Section 6.2).
_ONE_VALUE = frozenset({"LT", "ST", "UR", "UT"})
_LONGEST_NUMBER = 64
_DAYS_A_YEAR, _UNIT_DAYS = 365.25, {b"D": 1.0, b"W": 7.0, b"M": 30.4375, b"Y": 365.25}


def dummy(vr: str, tag: int = 0) -> bytes:
    """A value of the VR that says nothing (PS3.15 Section E.1.1, action D), of even length; `tag` has its own form."""
    if tag == _TIME_ZONE:
        return b"+0000 "
    if vr in _FIXED:
        return _FIXED[vr]
    if vr == "UR":
        return b"about:blank "
    return DUMMY_TEXT.encode("ascii") if vr in TEXT_VRS or vr == "CS" else bytes(_ZEROS.get(vr, 2))


def each(vr: str, readable: str) -> list[str]:
    """The values of a text: what identifies in one must not take the border to the next with it."""
    return [readable] if vr in _ONE_VALUE else readable.split("\\")


def registered(uid: str) -> bool:
    """Whether `uid` is one of DICOM's own (PS3.6 Annex A). Vendors have misused the root for instances, with the long
    components that generated UIDs have, so those are not taken for registered."""
    return _REGISTERED.fullmatch(uid) is not None


def of_all(uid: str) -> bool:
    """Whether `uid` says what something is, never whose (PS3.6 Tables A-1 and A-2): a SOP class, a transfer syntax, the
    frame of reference of an atlas."""
    return UID_dictionary.get(uid, ("", ""))[1] in _OF_ALL


def proper_number(vr: str, value: bytes) -> bool:
    """Whether every value of a DS, IS or AS is what it should be and not text in disguise."""
    if vr != "AS" and _ORDINARY.fullmatch(value):
        return True
    pattern = _AGE if vr == "AS" else _NUMBERS
    words = (word.strip(b" \0") for word in value.split(b"\\"))
    return all(not word or (len(word) <= _LONGEST_NUMBER and pattern.fullmatch(word)) for word in words)


def years(age: bytes) -> float | None:
    """An AS in years (PS3.5 Table 6.2-1); None if it is none."""
    match = _AGE.fullmatch(age.strip(b" \0"))
    return int(match[1]) * _UNIT_DAYS[match[2]] / _DAYS_A_YEAR if match else None


def capped(ages: bytes, cap: int) -> bytes:
    """`ages` (AS, one or more), with one year above `cap` for everybody who is older than that: they are few."""
    most = f"{cap + 1:03d}Y".encode("ascii")
    return b"\\".join(most if (years(age) or 0) >= cap + 1 else age for age in ages.split(b"\\"))


def older(ages: Iterable[str], births: Collection[date], latest: date | None, cap: int) -> bool:
    """Whether somebody is over `cap`: by one of his `ages` (AS), or born on the first of `births` and examined on the
    `latest` day. Also if nobody can tell: born some day, with no day to reckon to and no age but 0, which stands for
    none."""
    stated = max((years(age.encode("ascii", "replace")) or 0 for age in ages), default=0)
    reckoned = _whole_years(min(births), latest) if births and latest else None
    if births and reckoned is None and not stated:
        return True
    return max(stated, reckoned or 0) >= cap + 1


def _whole_years(birth: date, day: date) -> int | None:
    """None for somebody who was not born yet: one of the days is wrong."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day)) if birth <= day else None
