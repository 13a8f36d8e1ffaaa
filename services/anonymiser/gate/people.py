"""Names of people in text, from lists and titles."""

import re
from collections.abc import Iterator
from itertools import pairwise

from services.anonymiser.gate.folding import folded
from services.anonymiser.gate.residue import Severity
from services.anonymiser.gate.words import first_names, public, surnames

STRONG, WEAK = Severity.STRONG, Severity.WEAK
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['\u2019](?=[^\W\d_]))*")
_GAP = re.compile(r"(?: ?[,^] ?| |_|-|\.)")
_TITLE = re.compile(
    r"\b(?:(dr|prof|herr|frau|mrs|mme|mlle|mevr|dhr|dott|dottssa|sra)|mr|ms|miss|hr|fr|sr|sig|doctor|professor)\b"
    r"[. ]{1,2}(?:med\. ?)?([^\W\d_]{3,})",
    re.IGNORECASE,
)
_INITIAL = re.compile(r"(?<![\w.])[A-Z]\.[ -]?([A-Z][^\W\d_]{2,})")
DONE = frozenset(
    (
        *(
            "seen",
            "read",
            "reported",
            "dictated",
            "signed",
            "performed",
            "examined",
            "referred",
            "reviewed",
            "verified",
        ),
        *("approved", "scanned", "ordered", "requested", "interpreted", "transcribed", "informed", "called"),
        *("discussed", "communicated", "phoned", "faxed"),
        *("befundet", "angefordert", "zugewiesen", "uberwiesen", "untersucht"),
    )
)
_DONE_BY = re.compile(
    rf"\b(?:{'|'.join(sorted(DONE))}|überwiesen) (?:by|to|with|von|durch) (?:dr\.? )?"
    r"([^\W\d_]{3,})(?:[ ,^]{1,2}([^\W\d_]{3,}))?",
    re.IGNORECASE,
)
TITLES = frozenset(
    ["dr", "prof", "herr", "frau", "mrs", "mme", "mlle", "mevr", "dhr", "dott", "dottssa", "sra", "doctor", "professor"]
)


def people_in(text: str) -> Iterator[Severity]:
    """How sure the names in `text` are, one for each."""
    words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
    for (first, _, end), (second, start, _) in pairwise(words):
        if _GAP.fullmatch(text, end, start) and (severity := _pair(first, text[end:start], second)):
            yield severity
    for match in _INITIAL.finditer(text):
        if _plain(match[1]) in surnames() and not _common(_plain(match[1])):
            yield STRONG
    for match in _DONE_BY.finditer(text):
        if severity := _done_by(match[1], match[2]):
            yield severity
    for match in _TITLE.finditer(text):
        if severity := _titled(match[2], clear=bool(match[1])):
            yield severity


def person(name: str) -> Severity | None:
    """How much a PN value that should hold a pseudonym looks like a name."""
    words = [_plain(match[0]) for match in _WORD.finditer(name)]
    rare = [word for word in words if len(word) > 2 and not _common(word)]
    if any(word in first_names() or word in surnames() for word in rare):
        return STRONG
    return WEAK if rare else None


def _pair(first: str, gap: str, second: str) -> Severity | None:
    """First and last name in either order, from the lists; or one of the lists beside a rare word, which is weak."""
    one, two = _plain(first), _plain(second)
    given, family = first_names(), surnames()
    common = _common(one) + _common(two)
    titled = first.istitle() and second.istitle()
    if (one in given and two in family) or (one in family and two in given):
        return STRONG if common == 0 or (titled and common == 1) else None
    if common or len(first) < 3 or len(second) < 3:
        return None
    listed = {one, two} & (given | family)
    if listed and ("^" in gap or ("," in gap and two in given and _proper(first, second))):
        return STRONG
    pointed = "^" in gap or (listed and "," in gap)
    return WEAK if (pointed and _proper(first, second)) or listed & given or len(listed) == 2 else None


def _proper(*words: str) -> bool:
    return all(word.istitle() or word.isupper() for word in words)


def _done_by(first: str, second: str | None) -> Severity | None:
    """Of 'seen by smith john' both words must be rare, or one of them of the lists and written like a name."""
    words = [word for word in (first, second or "") if len(word) > 2]
    rare = [word for word in words if not _common(_plain(word))]
    if len(rare) == 2:
        return STRONG
    if any(_proper(word) and _plain(word) in first_names() | surnames() for word in rare):
        return STRONG
    return WEAK if rare and rare[0] == first else None


def _titled(name: str, clear: bool) -> Severity | None:
    """`clear`: the title is no abbreviation of anything else."""
    plain = _plain(name)
    if _common(plain):
        return None
    if plain in first_names() or plain in surnames():
        return STRONG
    return STRONG if clear and name.istitle() else None


def _plain(word: str) -> str:
    return folded(word).replace("'", "").replace("\u2019", "")


def _common(word: str) -> bool:
    return word.encode() in public()
