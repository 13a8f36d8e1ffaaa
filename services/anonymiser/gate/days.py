"""Dates that people write in text, as days."""

import re
from collections.abc import Iterator

from services.anonymiser.gate.folding import folded

_MONTH_WORDS = (
    "jan january januar januari janvier enero gennaio janeiro ledna stycznia januari jaanuar sausio",
    "feb february februar februari fevrier febrero febbraio fevereiro unora lutego veebruar",
    "mar march marz maerz mars marzo marco maart brezna marca marts",
    "apr april avril abril aprile dubna kwietnia aprill",
    "may mai mayo maggio maio mei kvetna maja maj",
    "jun june juni juin junio giugno junho cervna czerwca juuni",
    "jul july juli juillet julio luglio julho cervence lipca juuli",
    "aug august aout agosto augustus srpna sierpnia augusti",
    "sep sept september septembre septiembre settembre setembro zari wrzesnia",
    "oct okt october oktober octobre octubre ottobre outubro rijna pazdziernika",
    "nov november novembre noviembre novembro listopadu listopada",
    "dec dez december dezember decembre diciembre dicembre dezembro prosince grudnia desember",
)
MONTHS = {word: number for number, words in enumerate(_MONTH_WORDS, 1) for word in words.split()}
_DIGIT = re.compile(r"\d")
_YEAR = r"(?:18|19|20)\d\d"
_NAME = r"([^\W\d_]{3,12})"
_NTH = r"(\d\d?)(?:st|nd|rd|th)?"
_NUMERIC = (
    (re.compile(rf"(?<![\d.])({_YEAR})([-./ ]?)(\d\d?)\2(\d\d?)(?=\D|$|\d{{4}}(?:\d\d)?(?:\D|$))"), (1, 3, 4)),
    (re.compile(rf"(?<![\d.])(\d\d?)([-./ ]?)(\d\d?)\2({_YEAR})(?!\d|\.\d)"), (4, 3, 1)),
    (re.compile(rf"(?<![\d.])(\d\d?)([-./ ]?)(\d\d?)\2({_YEAR})(?!\d|\.\d)"), (4, 1, 3)),
)
_SHORT = (
    (re.compile(r"(?<![\d.-])(\d\d?)([-./])(\d\d?)\2(\d\d)(?![\d.]\d|\d|-)"), (4, 3, 1)),
    (re.compile(r"(?<![\d.-])(\d\d?)([-./])(\d\d?)\2(\d\d)(?![\d.]\d|\d|-)"), (4, 1, 3)),
    (re.compile(r"(?<![\d.-])(\d\d)([-./])(\d\d?)\2(\d\d?)(?![\d.]\d|\d|-)"), (1, 3, 4)),
)
_WORDED = (
    (re.compile(rf"(?<!\d){_NTH}[. ,-]{{0,2}}(?:de |d')? ?{_NAME}[. ,-]{{0,2}}(?:de )?({_YEAR})(?!\d)"), (3, 2, 1)),
    (re.compile(rf"(?<![^\W\d_]){_NAME}[. ]{{1,2}}{_NTH}[ ,]{{1,2}}({_YEAR})(?!\d)"), (3, 1, 2)),
    (re.compile(rf"(?<!\d)({_YEAR})[ -]{_NAME}[ -](\d\d?)(?!\d)"), (1, 2, 3)),
)


def days_in(text: str) -> set[str]:
    """YYYYMMDD of every date with its year in `text`; both, where day and month may be either."""
    if not _DIGIT.search(text):
        return set()
    plain = folded(text)
    return {*_found(_NUMERIC, plain), *_found(_WORDED, plain)}


def short_days_in(text: str) -> set[str]:
    """YYMMDD of what may be a date with a year of two digits. Versions look like that, too."""
    return {day[2:] for day in _found(_SHORT, text)}


def _found(forms: tuple[tuple[re.Pattern[str], tuple[int, int, int]], ...], text: str) -> Iterator[str]:
    for form, (year, month, day) in forms:
        for match in form.finditer(text):
            if found := _day(match[year], match[month], match[day]):
                yield found


def _day(year: str, month: str, day: str) -> str | None:
    number = MONTHS.get(month) if month.isalpha() else int(month)
    if number is None or not (1 <= number <= 12 and 1 <= int(day) <= 31):
        return None
    return f"{year:0>4}{number:02}{int(day):02}"
