"""Dates as people write them in text: where they stand, which day they mean, and how another day looks there."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from services.anonymiser.descriptors.folding import fold

MONTHS_FILE = Path(__file__).parent / "data" / "months.txt"
FIRST_YEAR, LAST_YEAR = 1890, 2099
_LAST_OF_2000S = 49
"""Of two-digit years: '49' is 2049, '50' is 1950, unless the object knows the date otherwise."""

_START, _END = r"(?<![^\W_])", r"(?![^\W_])"
_YEAR = r"(?:1[89]|20)\d\d"
_YEAR_FIRST = re.compile(rf"{_START}({_YEAR})( ?[-./_] ?|[ ])(\d\d?)\2(\d\d?)(?!\d)")
_YEAR_LAST = re.compile(rf"(?<!\d)(?<!\d[.,])(\d\d?)( ?[-./_] ?|\. ?| )(\d\d?)\2({_YEAR}|\d\d)(?![\d]|[.,]\d)")
_COMPACT = re.compile(r"(?<!\d)(?<!\d\.)(\d{8})(?:(?:[01]\d|2[0-3])[0-5]\d[0-5]\d(?:\.\d{1,6})?)?(?![\d])(?!\.\d)")
_PARTIAL = re.compile(rf"{_START}(?:(?:0?[1-9]|1[0-2]) ?[-./] ?{_YEAR}|{_YEAR}[-/.](?:0[1-9]|1[0-2])){_END}(?![./-]\d)")
_CLOCK = re.compile(
    rf"{_START}(?:[01]?\d|2[0-3])[:.h][0-5]\d(?:[:.][0-5]\d(?:[.,]\d+)?)?\s?(?:[ap]\.?m\.?|uhr|h|hrs){_END}"
    rf"|{_START}(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?{_END}(?![.:]\d)",
    re.IGNORECASE,
)
_TIME_BEHIND = re.compile(
    r"(?:T|[ ,]{1,2}(?:um |at |à |a las |kl\.? )?)(?:[01]?\d|2[0-3])[:.][0-5]\d(?:[:.][0-5]\d)?(?:[.,]\d+)?Z?(?!\w)"
    r"|[T_.-](?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\.\d+)?)?Z?(?!\w)"
)
_UNIT_BEHIND = re.compile(r"\s?(?:[mcµu]m\b|mm|ml|cc|ms|k?v\b|mas?\b|t\b|%|x\s?\d|sec|s\b|hz)", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_DAY_BEFORE = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|º|ª)?[\s._-]*(?:(?:de|of|do|den)[\s]+)?$", re.IGNORECASE)
_DAY_YEAR_BEHIND = re.compile(rf"[\s._-]*(\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:[\s.,_-]+({_YEAR})(?!\d))?", re.IGNORECASE)
_YEAR_BEHIND = re.compile(
    rf"[\s._,'’-]*(?:(?:de|del|of|av|van)\s+)?({_YEAR}|(?<=[-./'’])\d\d|\d\d(?!\d|[.,]\d|\s?[A-Za-z%]))(?!\d)",
    re.IGNORECASE,
)
_SHORT_NAMES = frozenset({"mai", "maj", "mei"})
_YEAR_BEFORE = re.compile(rf"(?<!\d)({_YEAR})[\s._-]*$")


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date at [start, end) of a text. `days`: what it may mean, the likelier first; none: no whole date, or one that
    nobody can be sure of. `form`: what strftime makes the same form with; years of two digits included."""

    start: int
    end: int
    days: tuple[date, ...]
    form: str

    def moved(self, known: frozenset[date], move: Callable[[date], date | None] | None) -> str | None:
        """The text for the day it moves to; None if it has to go: unreadable, ambiguous, or `move` says so."""
        day = self.day(known)
        target = move(day) if day and move else None
        return target.strftime(self.form) if target else None

    def day(self, known: frozenset[date]) -> date | None:
        """The day that is meant: of two readings the one that the object itself knows."""
        if len(self.days) == 1:
            return self.days[0]
        matching = [day for day in self.days if day in known]
        return matching[0] if len(matching) == 1 else None


def find_dates(text: str) -> tuple[FoundDate, ...]:
    """All dates and times of day in `text`, in order, not overlapping. Times have no `days`: they go."""
    found: list[FoundDate] = []
    for finder in (_numeric, _compact, _named, _partial, _clock):
        for one in finder(text):
            at = bisect_left(found, one.start, key=lambda other: other.start)
            if (not at or found[at - 1].end <= one.start) and (at == len(found) or one.end <= found[at].start):
                found.insert(at, one)
    return tuple(found)


def _numeric(text: str) -> Iterator[FoundDate]:
    for match in _YEAR_FIRST.finditer(text):
        year, gap, month, day = match.groups()
        if days := _readings((year, month, day)):
            yield _with_time(text, match, days, gap.join(("%Y", "%m", "%d")))
    for match in _YEAR_LAST.finditer(text):
        first, gap, second, year = match.groups()
        if len(year) == 2 and (gap == " " or not _alone(text, match)):
            continue
        day_first = _readings((year, second, first))
        month_first = () if "." in gap else _readings((year, first, second))
        days = tuple(dict.fromkeys((*day_first, *month_first)))
        if days:
            order = ("%m", "%d") if not day_first else ("%d", "%m")
            if len(days) > 1 and set(day_first).isdisjoint(month_first):
                order = ("%Y", "%m")  # only ISO says for certain which is which
            form = gap.join((*order, "%Y" if len(year) == 4 else "%y"))
            yield _with_time(text, match, days, form if order[0] != "%Y" else "%Y-%m-%d")


def _alone(text: str, match: "re.Match[str]") -> bool:
    """Whether nothing says that these are no date: a letter before (L4-5-10), a unit behind (3-4-12 mm)."""
    before = text[match.start() - 1 : match.start()]
    return not (before.isalpha() or _UNIT_BEHIND.match(text, match.end()))


def _readings(written: tuple[str, str, str]) -> tuple[date, ...]:
    year, month, day = (int(number) for number in written)
    years = [year]
    if len(written[0]) == 2:
        years = [2000 + year] if year <= _LAST_OF_2000S else [1900 + year]
    results = []
    for candidate in years:
        try:
            results.append(date(candidate, month, day))
        except ValueError:
            continue
    return tuple(one for one in results if FIRST_YEAR <= one.year <= LAST_YEAR)


def _with_time(text: str, match: "re.Match[str]", days: tuple[date, ...], form: str) -> FoundDate:
    time = _TIME_BEHIND.match(text, match.end())
    return FoundDate(match.start(), time.end() if time else match.end(), days, form)


def _compact(text: str) -> Iterator[FoundDate]:
    for match in _COMPACT.finditer(text):
        digits = match[1]
        orders = ((0, 4, 6, "%Y%m%d"), (4, 2, 0, "%d%m%Y"), (4, 0, 2, "%m%d%Y"))
        for year, month, day, form in orders:
            written = digits[year : year + 4], digits[month : month + 2], digits[day : day + 2]
            if days := _readings(written):
                yield _with_time(text, match, days, form)
                break


def _named(text: str) -> Iterator[FoundDate]:
    months = month_names()
    for word in _LETTERS.finditer(text):
        numbers = months.get(fold(word[0]))
        if numbers:
            one = _around(
                text, word.start(), word.end(), numbers, full=len(word[0]) > 3 or fold(word[0]) in _SHORT_NAMES
            )
            if one:
                yield one


def _around(text: str, start: int, end: int, months: tuple[int, ...], full: bool) -> FoundDate | None:
    """The date around the name of a month: '2 Jan 1970', '02JAN1970', 'Jan 2, 1970', '1970 Jan 2', 'January 1970'."""
    if end < len(text) and text[end] == ".":
        end += 1
    behind = _DAY_YEAR_BEHIND.match(text, end)
    before = _DAY_BEFORE.search(text, max(0, start - 12), start)
    if before and not (behind and behind[2]) and 1 <= int(before[1]) <= 31:
        year = _YEAR_BEHIND.match(text, end)
        if year:
            return FoundDate(before.start(), year.end(), _all(year[1], months, before[1]), "%Y-%m-%d")
        return FoundDate(before.start(), end, (), "") if full else None
    leading = _YEAR_BEFORE.search(text, max(0, start - 8), start)
    if behind and 1 <= int(behind[1]) <= 31 and (behind[2] or leading or full):
        written = behind[2] or (leading[1] if leading else "")
        first = leading.start() if leading and not behind[2] else start
        return FoundDate(first, behind.end(), _all(written, months, behind[1]) if written else (), "%Y-%m-%d")
    year = _YEAR_BEHIND.match(text, end)
    if year and len(year[1]) == 4:
        return FoundDate(start, year.end(), (), "")
    return FoundDate(leading.start(), end, (), "") if leading else None


def _all(year: str, months: tuple[int, ...], day: str) -> tuple[date, ...]:
    return tuple(one for month in months for one in _readings((year, str(month), day)))


def _partial(text: str) -> Iterator[FoundDate]:
    return (FoundDate(match.start(), match.end(), (), "") for match in _PARTIAL.finditer(text))


def _clock(text: str) -> Iterator[FoundDate]:
    return (FoundDate(match.start(), match.end(), (), "") for match in _CLOCK.finditer(text))


@cache
def month_names() -> dict[str, tuple[int, ...]]:
    """The months that a folded name may mean."""
    found: dict[str, set[int]] = {}
    for line in MONTHS_FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        for number, names in enumerate(line.split()[1:], 1):
            for name in names.split("|"):
                found.setdefault(fold(name), set()).add(number)
    return {name: tuple(sorted(numbers)) for name, numbers in found.items()}
