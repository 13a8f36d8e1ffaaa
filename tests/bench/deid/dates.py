"""The days that a text names, in whatever form: nobody knows in which one a tool writes what it moved, or did not."""

import re
from datetime import date, datetime, timedelta

_Y, _M, _D = r"(?P<y>(?:18|19|20|21)\d\d)", r"(?P<m>\d\d?)", r"(?P<d>\d\d?)"
_GAP = r"(?P<gap>\s?[-./_ ]\s?)"
_NAMES = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october")
_NAMES += ("november", "december")
_NAME = r"(?P<m>" + "|".join(f"{one[:3]}(?:{one[3:]})?" for one in [*_NAMES, "sept"]) + r")\.?"
_NTH = rf"{_D}(?:st|nd|rd|th)?"
_SURE = tuple(
    re.compile(rf"(?<!\d){form}(?!\d)", re.IGNORECASE)
    for form in (
        rf"{_Y}{_GAP}{_M}(?P=gap){_D}",
        rf"{_D}(?P<gap>\s?\.\s?){_M}(?P=gap){_Y}",
        rf"{_M}\.(?P<d>1[3-9]|2\d|3[01])\.{_Y}",
        rf"{_NTH}[-./_,\s]*(?:of\s)?{_NAME}[-./_,\s]*{_Y}",
        rf"{_NAME}[-./_,\s]*{_NTH}[-./_,\s]+{_Y}",
        rf"{_Y}[-./_,\s]*{_NAME}[-./_,\s]*{_NTH}",
        r"(?P<y>(?:18|19|20|21)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?:\d{4}(?:\d\d)?)?",
        r"(?P<d>\d\d)(?P<m>\d\d)(?P<y>(?:18|19|20|21)\d\d)",
        r"(?P<m>\d\d)(?P<d>\d\d)(?P<y>(?:18|19|20|21)\d\d)",
    )
)
_EITHER = re.compile(rf"(?<!\d){_D}(?P<gap>\s?[-/_ ]\s?){_M}(?P=gap){_Y}(?!\d)")
"""Day or month first: nobody knows."""


def dates_in(text: str) -> list[frozenset[date]]:
    """For each date that is written there, years with four digits and months in digits or English, what it may mean."""
    found = [_days(one["y"], one["m"], one["d"]) for form in _SURE for one in form.finditer(text)]
    for one in _EITHER.finditer(text):
        found.append(_days(one["y"], one["m"], one["d"]) | _days(one["y"], one["d"], one["m"]))
    return [days for days in found if days]


def _days(year: str, month: str, day: str) -> frozenset[date]:
    number = int(month) if month.isdigit() else [name[:3] for name in _NAMES].index(month[:3].lower()) + 1
    try:
        return frozenset({date(int(year), number, int(day))})
    except ValueError:
        return frozenset()


def readings(day: date, form: str) -> frozenset[date]:
    """All days that `day` may mean when it is written in this form of `strftime`."""
    return frozenset({day}).union(*dates_in(day.strftime(form)))


def after(day: date, days: int) -> date | None:
    """`day`, moved; None when no calendar has it: some tools write the year 1."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def shifted_day(text: str) -> date | None:
    """The date of a DA or DT value; None when it is none."""
    try:
        return datetime.strptime(text.strip()[:8], "%Y%m%d").date()
    except ValueError:
        return None
