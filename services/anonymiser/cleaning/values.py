"""Single values (PS3.5 Section 6.2): dates that move, times that stay, dummies that fit."""

import re
from datetime import date, timedelta

from services.anonymiser.dataset.vrs import TEXT_VRS

FIRST_YEAR, LAST_YEAR = 1901, 2099
# Where clocks begin that nobody has set.
_EPOCHS = frozenset({"19700101", "19800101", "20000101"})
DUMMY_TEXT = "ANONYMISED"


_DA = re.compile(r"(\d{4})(\.?)(\d{2})\2(\d{2})")
_TM = re.compile(r"([01]\d|2[0-3])(([0-5]\d)(([0-5]\d|60)(\.\d{1,6})?)?)?")
_TM_OLD = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:([0-5]\d|60)(\.\d{1,6})?)?")
_DT_ZONE = re.compile(r"[+-]\d{4}$")
_FIXED = {"AS": b"000Y", "DA": b"19000101", "DT": b"19000101000000", "TM": b"000000", "DS": b"0 ", "IS": b"0 "}
_ZEROS = {"OF": 4, "OL": 4, "SL": 4, "UL": 4, "FL": 4, "AT": 4, "OD": 8, "OV": 8, "FD": 8, "SV": 8, "UV": 8}


def moved(vr: str, value: bytes, days: int) -> bytes | None:
    """`value` (DA, DT or TM, one or more) moved by `days`; time of day is kept. None if it is no proper date.

    The offset from UTC at the end of a DT is dropped, as the time zone of (0008,0201) is.
    """
    try:
        words = [word.strip(" \0") for word in value.decode("ascii").split("\\")]
    except UnicodeDecodeError:
        return None
    results = [_moved_one(vr, word, days) if word else "" for word in words]
    known = [result for result in results if result is not None]
    return "\\".join(known).encode("ascii") if len(known) == len(results) else None


def _moved_one(vr: str, word: str, days: int) -> str | None:
    if vr == "TM":
        return word if _TM.fullmatch(word) or _TM_OLD.fullmatch(word) else None
    if vr == "DA":
        match = _DA.fullmatch(word)
        return _moved_date(match[1] + match[3] + match[4], days) if match else None
    word = _DT_ZONE.sub("", word)
    day, time = word[:8], word[8:]
    moved_day = _moved_date(day, days)
    return moved_day + time if moved_day and (not time or _TM.fullmatch(time)) else None


def _moved_date(digits: str, days: int) -> str | None:
    """A date without a day cannot move by days. One that stands for no date (1900-01-01, 1970-01-01, 9999-12-31) must
    not: once moved, it tells everybody by how much."""
    if digits in _EPOCHS or not re.fullmatch(r"\d{8}", digits, re.ASCII):
        return None
    if not FIRST_YEAR <= int(digits[:4]) <= LAST_YEAR:
        return None
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return (day + timedelta(days=days)).strftime("%Y%m%d")


def dummy(vr: str) -> bytes:
    """A value of the VR that says nothing (PS3.15 Section E.1.1, action D), of even length."""
    if vr in _FIXED:
        return _FIXED[vr]
    if vr == "UR":
        return b"about:blank "
    return DUMMY_TEXT.encode("ascii") if vr in TEXT_VRS or vr == "CS" else bytes(_ZEROS.get(vr, 2))


def registered(uid: str) -> bool:
    """Whether `uid` is one of DICOM's own (PS3.6 Annex A). Vendors have misused the root for instances, with the long
    components that generated UIDs have, so those are not taken for registered."""
    return re.fullmatch(r"1\.2\.840\.10008(\.\d{1,4}){1,10}", uid, re.ASCII) is not None


def proper_number(vr: str, value: bytes) -> bool:
    """Whether every value of a DS, IS or AS is what it should be and not text in disguise."""
    pattern = rb"\d{3}[DWMY]" if vr == "AS" else rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
    words = (word.strip(b" \0") for word in value.split(b"\\"))
    return all(not word or (re.fullmatch(pattern, word) and len(word) <= 64) for word in words)
