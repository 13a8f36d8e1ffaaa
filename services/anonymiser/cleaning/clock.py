"""Dates and times that move (PS3.15 Section E.3.6; PS3.5 Section 6.2: DA, DT, TM)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import tag_for_keyword

from services.anonymiser.dataset.tree import Element, Item, words
from shared.dicom.shift import Shift

FIRST_YEAR, LAST_YEAR = 1901, 2099
# Where clocks begin that nobody has set.
_EPOCHS = frozenset({"19700101", "19800101", "20000101", "20010101"})
_DA = re.compile(r"(\d{4})(\.?)(\d{2})\2(\d{2})", re.ASCII)
_TM = re.compile(r"([01]\d|2[0-3])(?:([0-5]\d)(?:([0-5]\d|60)(\.\d{1,6})?)?)?", re.ASCII)
_TM_OLD = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(\.\d{1,6})?)?", re.ASCII)
_DT_SHORT = re.compile(r"\d{4}(?:0[1-9]|1[0-2])?", re.ASCII)
_DT_ZONE = re.compile(r"[+-]\d{4}$", re.ASCII)
_DAY = 24 * 60 * 60
# Study, Series, Acquisition and Content Date, Acquisition DateTime.
_EXAMINED = (0x00080020, 0x00080021, 0x00080022, 0x00080023, 0x0008002A)
_DATE = len("YYYYMMDD")


# A date and the time of day that belongs to it, as PS3.6 names them: StudyDate and StudyTime.
_PAIRS = {
    tag: partner
    for tag, entry in DicomDictionary.items()
    if entry[0] == "DA" and (partner := tag_for_keyword(entry[4].removesuffix("Date") + "Time"))
}


@dataclass(frozen=True, slots=True)
class Clock:
    """How the time line of one patient is moved (`shared.dicom.shift`).

    `time_of_day`: `keep`; `hour`: minutes and seconds become zero; `shift`: instants move by the shift's seconds too.
    `first_of_month` leaves year and month as they were.
    """

    shift: Shift
    time_of_day: str = "keep"
    first_of_month: bool = False

    def moved(self, vr: str, value: bytes) -> bytes | None:
        """`value` (DA, DT or TM, one or more) moved. None if it is no proper date.

        The offset from UTC at the end of a DT is dropped, as the time zone of (0008,0201) is.
        """
        try:
            words = [word.strip(" \0") for word in value.decode("ascii").split("\\")]
        except UnicodeDecodeError:
            return None
        results = [self._word(vr, word) if word else "" for word in words]
        known = [result for result in results if result is not None]
        return "\\".join(known).encode("ascii") if len(known) == len(results) else None

    def day(self, day: date) -> date | None:
        """A day of the patient's time line, moved; None for one that stands for no date (1970-01-01), which must not
        move: moved, it tells everybody by how much."""
        if _unset(day):
            return None
        return day.replace(day=1) if self.first_of_month else self.shift.day(day)

    def paired(self, elements: Item) -> Item:
        """`elements` with dates a day later where the time of day that belongs to them goes past midnight."""
        if self.time_of_day != "shift":
            return elements
        times = {element.tag: element for element in elements if element.vr == "TM"}
        return tuple(
            self._later(element) if self._past_midnight(times.get(_PAIRS.get(element.tag, 0))) else element
            for element in elements
        )

    def _past_midnight(self, time: Element | None) -> bool:
        match = _time(time.content.decode("ascii", "replace").strip(" \0")) if time else None
        return match is not None and _seconds(match) + self.shift.seconds >= _DAY

    def _later(self, element: Element) -> Element:
        day = _day(element.content.decode("ascii", "replace").strip(" \0"))
        later = _next(day) if day else None
        return replace(element, value=f"{later:%Y%m%d}".encode("ascii")) if later else element

    def _word(self, vr: str, word: str) -> str | None:
        if vr == "TM":
            return self._time_of_day(word)
        if vr == "DA":
            return self._date(_day(word))
        word = _DT_ZONE.sub("", word)
        if not word[8:]:
            return self._date(_day(word))
        match, day = _time(word[8:]), _day(word[:8])
        if match is None or day is None:
            return None
        if self.time_of_day == "shift" and _seconds(match) + self.shift.seconds >= _DAY:
            day = _next(day)
        time, moved = self._time_of_day(word[8:]), self._date(day)
        return moved + time if moved and time else None

    def _date(self, day: date | None) -> str | None:
        moved = self.day(day) if day else None
        return f"{moved:%Y%m%d}" if moved else None

    def _time_of_day(self, word: str) -> str | None:
        match = _time(word)
        if match is None or self.time_of_day == "keep":
            return word if match else None
        if self.time_of_day == "hour":
            return f"{match[1]}0000"
        total = (_seconds(match) + self.shift.seconds) % _DAY
        return f"{total // 3600:02d}{total // 60 % 60:02d}{total % 60:02d}{match[4] or ''}"


def _next(day: date) -> date | None:
    """The day after; None where the calendar ends."""
    return day + timedelta(days=1) if day < date.max else None


def apart(one: bytes, other: str) -> int:
    """Days between two dates (DA), either way; 0 when one of them is none."""
    first, second = _day(one.decode("ascii", "replace").strip(" \0")), _day(other)
    return abs((first - second).days) if first and second else 0


def proper(vr: str, value: bytes) -> bool:
    """Whether every value of a DA, DT or TM is what it should be (PS3.5 Section 6.2) and not text in disguise."""
    words = (word.strip(" \0") for word in value.decode("ascii", "replace").split("\\"))
    return all(not word or _IS[vr](word) for word in words)


def _is_date_time(word: str) -> bool:
    word = _DT_ZONE.sub("", word)
    if len(word) < _DATE:
        return _DT_SHORT.fullmatch(word) is not None
    return _day(word[:_DATE]) is not None and (not word[_DATE:] or _time(word[_DATE:]) is not None)


def latest(elements: Item) -> date | None:
    """The last of the days on which an object says that the patient was examined; None if it says none."""
    said = (word for tag in _EXAMINED for word in words(elements, tag))
    days = (_day(word) or _day(word[:_DATE]) for word in said)
    return max((day for day in days if day and not _unset(day)), default=None)


def _unset(day: date) -> bool:
    """Whether a day stands for no date."""
    return f"{day:%Y%m%d}" in _EPOCHS or not FIRST_YEAR <= day.year <= LAST_YEAR


def _day(word: str) -> date | None:
    match = _DA.fullmatch(word)
    try:
        return date(int(match[1]), int(match[3]), int(match[4])) if match else None
    except ValueError:
        return None


def _time(word: str) -> re.Match[str] | None:
    return _TM.fullmatch(word) or _TM_OLD.fullmatch(word)


_IS: dict[str, Callable[[str], bool]] = {
    "DA": lambda word: _day(word) is not None,
    "DT": _is_date_time,
    "TM": lambda word: _time(word) is not None,
}


def _seconds(match: re.Match[str]) -> int:
    return int(match[1]) * 3600 + int(match[2] or 0) * 60 + int(match[3] or 0)
