"""Values that a VR allows (PS3.5 Section 6.2), for what a profile writes."""

import re
from datetime import date

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_TIME = r"(?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?"
_FORMS = {
    "AE": r"[ -\[\]-~]*[!-\[\]-~][ -\[\]-~]*",
    "AS": r"\d{3}[DWMY]",
    "CS": r"[A-Z0-9_ ]*",
    "DA": r"\d{8}",
    "DS": _NUMBER,
    "DT": rf"\d{{8}}(?:{_TIME})?(?:[-+]\d{{4}})?",
    "IS": r"[-+]?\d+",
    "TM": _TIME,
    "UI": r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+",
    "UR": r"[\w\-.~:/?#\[\]@!$&'()*+,;=%]*",
}
_PATTERNS = {vr: re.compile(form, re.ASCII) for vr, form in _FORMS.items()}
_LONGEST = {"AE": 16, "CS": 16, "DS": 16, "IS": 12, "LO": 64, "LT": 10240, "SH": 16, "ST": 1024, "UI": 64}
_PARAGRAPHS = frozenset({"LT", "ST", "UT"})
_ONE_VALUE = _PARAGRAPHS | {"UR"}
_CONTROLS = re.compile(r"[\0-\x1f\x7f-\x9f\ud800-\udfff]")
_LAYOUT = str.maketrans("", "", "\t\n\f\r")
_GROUPS, _GROUP = 3, 64
"""Component groups of a PN, and characters of one."""


def proper(vr: str, value: str) -> bool:
    """Whether `value`, several with backslashes, may stand in an element of `vr`, one that is written as text.

    Parts may be empty. Characters count, not bytes: which bytes they are the object's character set tells.
    """
    return all(not one or _proper(vr, one) for one in ([value] if vr in _ONE_VALUE else value.split("\\")))


def _proper(vr: str, value: str) -> bool:
    if _CONTROLS.search(value.translate(_LAYOUT) if vr in _PARAGRAPHS else value):
        return False
    if vr in _LONGEST and len(value) > _LONGEST[vr]:
        return False
    if vr in _PATTERNS and not _PATTERNS[vr].fullmatch(value):
        return False
    if vr in ("DA", "DT"):
        return _is_day(value[:8])
    if vr == "PN":
        groups = value.split("=")
        return len(groups) <= _GROUPS and all(len(group) <= _GROUP for group in groups)
    return vr != "IS" or -(2**31) <= int(value) < 2**31


def _is_day(digits: str) -> bool:
    try:
        date.fromisoformat(digits)
    except ValueError:
        return False
    return True
