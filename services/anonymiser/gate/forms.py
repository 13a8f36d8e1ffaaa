"""Forms that identify whoever wrote them: addresses of people, their numbers, and what stands after a label."""

import re
from collections.abc import Iterator

from services.anonymiser.gate.national import identifiers
from services.anonymiser.gate.residue import Detector, Severity

Found = tuple[Detector, Severity]
STRONG, WEAK = Severity.STRONG, Severity.WEAK


def _form(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE)


_EMAIL = _form(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}")
_PHONES = (
    (_form(r"(?<![\w.+])(?:\+|00[ ])[1-9]\d{0,2}(?:[ ./()-]{0,3}\d){6,13}(?![\d.])"), STRONG),
    (
        _form(
            r"\b(?:tel|phone|fon|telefono?|t[eé]l[eé]phone|fax|mobile?|handy|cell|tlf|tfno|gsm)\b",
            r"[.:\s#]*[+(]?\d(?:[ ./()-]{0,2}\d){5,13}",
        ),
        STRONG,
    ),
    (_form(r"\(\d{3}\) ?\d{3}-\d{4}(?!\d)"), STRONG),
    (_form(r"(?<![\w.-])\d{3}[-.]\d{3}[-.]\d{4}(?![\w-])"), WEAK),
)
_ADDRESSES = (
    (_form(r"(?<![^\W\d_])[^\W\d_]{2,}[- ]?(?:stra(?:ss|ß)e|str\.|gasse|straat|gatan|vägen)\s+\d+"), STRONG),
    (
        _form(
            r"\b\d{1,5},?\s+(?:[^\W\d_][\w'.]+\s){1,3}",
            r"(?:street|road|avenue|lane|drive|boulevard|terrace|crescent|rd|ave|blvd)\b",
        ),
        STRONG,
    ),
    (
        _form(
            r"\b\d{1,4},? (?:rue|calle|avenida|rua|viale|piazza|corso|ulica|ul\.)\s+|"
            r"\b(?:rue|calle|avenida|rua|viale|piazza|corso|ulica|ul\.)\s+[^\d]{3,40}\s\d{1,4}\b",
        ),
        WEAK,
    ),
)
_NUMBER_OF = r"[ ._-]{0,2}(?:id|nr|no|num\w*)"
_LABELLED = _form(
    rf"\b(?:mrn|pat(?:ient)?(?:en)?s?{_NUMBER_OF}|pid|fall{_NUMBER_OF}|acc(?:ession)?{_NUMBER_OF}|",
    rf"hosp(?:ital)?{_NUMBER_OF}|case{_NUMBER_OF}|passport(?:{_NUMBER_OF})?|",
    rf"(?:insurance|policy|member|licen[cs]e|chart|record){_NUMBER_OF}|",
    r"ssn|dob|geb(?:\.|oren|urtsdatum)?(?: am)?|born(?: on)?|",
    r"n[ée]e? le|nacid[oa](?: el)?|nat[oa] (?:il|a)|ur\.|f[øö]dt?)",
    r"[ .:#=]{0,3}[A-Z]{0,4}-?\d(?:[./ -]?\w){3,}",
)
_DIGIT = re.compile(r"\d")
_LABELLED_DIGITS = 4


def forms_in(text: str) -> Iterator[Found]:
    """What has the form of something that identifies."""
    if _EMAIL.search(text):
        yield Detector.EMAIL, STRONG
    if not _DIGIT.search(text):
        return
    for form, severity in _PHONES:
        if any(_rings(match[0]) for match in form.finditer(text)):
            yield Detector.PHONE, severity
    for form, severity in _ADDRESSES:
        if form.search(text):
            yield Detector.ADDRESS, severity
    if labelled(text):
        yield Detector.LABELLED, STRONG
    for _, severity in identifiers(text):
        yield Detector.NATIONAL, severity


def labelled(text: str) -> bool:
    """Whether a number stands beside a word for whose it is."""
    return any(sum(map(str.isdigit, match[0])) >= _LABELLED_DIGITS for match in _LABELLED.finditer(text))


def _rings(number: str) -> bool:
    """Not a decimal with a sign ('+1.2345678')."""
    return not (number.count(".") == 1 and not re.search(r"[ /()-]", number))
