"""What identifies without a look at the original: all detectors of texts, and a quick answer that there is nothing."""

import re
from functools import lru_cache

from services.anonymiser.gate.days import MONTHS
from services.anonymiser.gate.folding import shape, shape_squeezed
from services.anonymiser.gate.forms import Found, forms_in, labelled
from services.anonymiser.gate.people import DONE, TITLES, people_in
from services.anonymiser.gate.residue import Detector
from services.anonymiser.gate.words import first_names, public, surnames

_LABELS = frozenset(
    (
        *(b"mrn", b"pid", b"patid", b"patientid", b"patnr", b"fallnr", b"fallnummer", b"ssn", b"dob", b"geb"),
        *(b"geboren", b"geburtsdatum", b"born", b"nee", b"ne", b"nacido", b"nacida", b"nato", b"nata", b"ur"),
        *(b"fodt", b"fodd", b"accession", b"passport"),
    )
)
_OWNERS = frozenset(
    (
        b"insurance",
        b"policy",
        b"member",
        b"licence",
        b"license",
        b"chart",
        b"record",
        b"pat",
        b"patient",
        b"patients",
        b"patienten",
        b"case",
        b"fall",
        b"acc",
        b"hosp",
        b"hospital",
    )
)
_NUMBERS = frozenset((b"id", b"no", b"nr", b"num", b"number", b"nummer", b"numero"))
_GLUED_LABELS = (b"mrn", b"pid", b"patid", b"patnr", b"fallnr")
TRIGGERS = frozenset(
    word.encode() for word in first_names() | surnames() | TITLES if word in TITLES or word.encode() not in public()
)
"""Without one of these words, '@', or a number there is nothing for the detectors."""
_SHORT_DATES = (b"0.0.00", b"0/0/00", b"0-0-00", b"0.00.00", b"0/00/00", b"0-00-00")
_NUMBER = re.compile(
    rb"(?<![a-zA-Z0-9])[a-zA-Z+(]?\d(?:[ ./()\0-]{0,3}\d){6,}|(?<!\d)(?:18|19|20)\d\d[01]\d[0-3]\d|"
    rb"(?<!\d)[0-3]\d[0-3]\d(?:18|19|20)\d\d(?!\d)"
)
_STREETS = frozenset(
    (
        *(b"street", b"road", b"avenue", b"lane", b"drive", b"boulevard", b"terrace", b"crescent", b"rd", b"ave"),
        *(b"blvd", b"rue", b"calle", b"avenida", b"rua", b"viale", b"piazza", b"corso", b"ulica", b"ul"),
    )
)
_CARET = re.compile(rb"(?<![^\W\d_])[^\W\d_]{3,} ?\^ ?[^\W\d_]{3,}|[\x80-\xff]\^|\^[\x80-\xff]")
_GLUED_STREETS = (b"strasse", b"str.", b"gasse", b"straat", b"gatan", b"vagen")
_DONE = frozenset(word.encode() for word in DONE)
_BY = frozenset((b"by", b"to", b"with", b"von", b"durch"))
_MONTHS = frozenset(month.encode() for month in MONTHS)
# What the engine writes into (0012,0063) of every object; digits of the revision may look like a number.
_OUR_MARK = re.compile(rb"PS3\.15 \d{4}[a-z]? Table E\.1-1(?:\\profile [\w.-]{1,80}?-[0-9a-f]{12})?(?!\w)")
_REMEMBERED_CHARACTERS = 1024
_FISCAL = b"aaaaaa00a00a000a"


def silent(text: bytes, words: set[bytes]) -> bool:
    """Whether no detector can find anything in `text`, of which `words` are the tokens; so it is in most objects."""
    if b"@" in text or not TRIGGERS.isdisjoint(words):
        return False
    if b"^" in text and _CARET.search(text):
        return False
    if not (_BY.isdisjoint(words) or _DONE.isdisjoint(words)):
        return False
    text = _OUR_MARK.sub(b"", text)
    digits = shape_squeezed(text)
    if b"0000000" in digits and _NUMBER.search(text):
        return False
    small = text.lower()
    if b"000" in digits and _may_be_labelled(small, words) and labelled(text.decode("latin-1")):
        return False
    return not (_FISCAL in digits or _may_be_dated(text, words) or _may_be_addressed(small, words))


def _may_be_labelled(small: bytes, words: set[bytes]) -> bool:
    if not _LABELS.isdisjoint(words) or not (_OWNERS.isdisjoint(words) or _NUMBERS.isdisjoint(words)):
        return True
    return any(label in small for label in _GLUED_LABELS)


def _may_be_addressed(small: bytes, words: set[bytes]) -> bool:
    return not _STREETS.isdisjoint(words) or any(street in small for street in _GLUED_STREETS)


def _may_be_dated(text: bytes, words: set[bytes]) -> bool:
    form = shape(text)
    return any(date in form for date in _SHORT_DATES) or (b"0000" in form and not _MONTHS.isdisjoint(words))


def found_in(text: str) -> frozenset[Found]:
    """What the detectors find in one text; dates are compared with the original elsewhere.

    Objects of a series say the same, so what was said is kept for a while, in this process only.
    """
    return _found(text) if len(text) > _REMEMBERED_CHARACTERS else _remembered(text)


@lru_cache(maxsize=4096)
def _remembered(text: str) -> frozenset[Found]:
    return _found(text)


def _found(text: str) -> frozenset[Found]:
    return frozenset((*((Detector.PERSON, severity) for severity in people_in(text)), *forms_in(text)))
