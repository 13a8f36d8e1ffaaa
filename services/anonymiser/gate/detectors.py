"""What identifies without a look at the original: all detectors of texts, and a quick answer that there is nothing."""

import re
from collections.abc import Iterator

from services.anonymiser.gate.dates import MONTHS
from services.anonymiser.gate.folding import shape, shape_squeezed
from services.anonymiser.gate.forms import Found, forms_in
from services.anonymiser.gate.people import TITLES, people_in
from services.anonymiser.gate.residue import Detector
from services.anonymiser.gate.words import first_names, public, surnames

_LABELS = frozenset(
    [
        "mrn",
        "pid",
        "patid",
        "patientid",
        "dob",
        "ssn",
        "geb",
        "geboren",
        "geburtsdatum",
        "born",
        "nee",
        "nacido",
        "nacida",
        "nato",
        "nata",
        "fallnr",
        "fallnummer",
    ]
)
TRIGGERS = frozenset(
    word.encode()
    for word in first_names() | surnames() | MONTHS.keys() | TITLES | _LABELS
    if word in TITLES | _LABELS or word.encode() not in public()
)
"""Without one of these words, '@', or a number there is nothing for the detectors."""
_SHORT_DATES = (b"0.0.00", b"0/0/00", b"0-0-00", b"0.00.00", b"0/00/00", b"0-00-00")
_NUMBER = re.compile(rb"(?<![a-zA-Z0-9])[a-zA-Z+(]?\d(?:[ ./()\0-]{0,3}\d){6,}")
_OUR_SOURCE = b"PS3.15 "  # stands in every finished object, before a year
_FISCAL = b"aaaaaa00a00a000a"


def silent(text: bytes, words: set[bytes]) -> bool:
    """Whether no detector can find anything in `text`, of which `words` are the tokens; so it is in most objects."""
    if b"@" in text or not TRIGGERS.isdisjoint(words):
        return False
    digits = shape_squeezed(text)
    if b"0000000" in digits and _NUMBER.search(text.replace(_OUR_SOURCE, b"")):
        return False
    return _FISCAL not in digits and not _has_short_date(text)


def _has_short_date(text: bytes) -> bool:
    form = shape(text)
    return any(date in form for date in _SHORT_DATES)


def found_in(text: str) -> Iterator[Found]:
    """What the detectors find in one text; dates are compared with the original elsewhere."""
    for severity in people_in(text):
        yield Detector.PERSON, severity
    yield from forms_in(text)
