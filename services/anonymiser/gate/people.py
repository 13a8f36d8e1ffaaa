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
TITLES = frozenset(
    ["dr", "prof", "herr", "frau", "mrs", "mme", "mlle", "mevr", "dhr", "dott", "dottssa", "sra", "doctor", "professor"]
)


def people_in(text: str) -> Iterator[Severity]:
    """How sure the names in `text` are, one for each."""
    words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
    for (first, _, end), (second, start, _) in pairwise(words):
        if _GAP.fullmatch(text, end, start) and (severity := _pair(first, second)):
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


def _pair(first: str, second: str) -> Severity | None:
    """First and last name in either order, from the lists; or one of the lists beside a rare word, which is weak."""
    one, two = _plain(first), _plain(second)
    given, family = first_names(), surnames()
    common = _common(one) + _common(two)
    titled = first.istitle() and second.istitle()
    if (one in given and two in family) or (one in family and two in given):
        return STRONG if common == 0 or (titled and common == 1) else None
    rare = len(first) > 2 and len(second) > 2 and common == 0 and titled
    return WEAK if rare and (one in given or two in given) else None


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
