"""Streets, hospitals and practices that a text names: '12 High Street', 'Oak Ridge Clinic', 'Klinikum Offenbach'."""

import re
from collections.abc import Sequence

from services.anonymiser.descriptors.folding import fold
from services.anonymiser.descriptors.people import introductions
from services.anonymiser.descriptors.technical import known_humps
from services.anonymiser.descriptors.vocabulary import Trust, Vocabulary

Span = tuple[int, int]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_GAP = re.compile(r"\.? |\.?-|\. ?|_")
_BETWEEN = frozenset(
    {
        "of",
        "the",
        "de",
        "la",
        "le",
        "les",
        "los",
        "las",
        "el",
        "du",
        "des",
        "del",
        "della",
        "di",
        "da",
        "do",
        "dos",
        "st",
    }
    | {"sankt", "saint", "san", "santa", "am", "an", "im", "der"}
)
_CAPITAL = r"(?-i:[A-ZÀ-Þ])[^\W\d_]+"
_STREETS = re.compile(
    rf"(?<!\d)\d{{1,5}}[a-z]?,? (?:{_CAPITAL}\.? ){{1,3}}"
    r"(?:street|st|road|rd|avenue|ave|lane|boulevard|blvd|square)(?![^\W_])\.?"
    r"|(?<![^\W_])[^\W\d_-]{2,30}(?:-[^\W\d_]{2,30}){0,6}"
    r"(?:straße|strasse|str\.|gasse|weg|platz|allee|gata|gatan|vej|veien|straat|laan) \d{1,4}[a-z]?(?![^\W_])"
    r"|(?:(?<!\d)\d{1,4}(?: ?bis)?,? )?(?<![^\W_])(?:rue|avenue|via|viale|piazza|calle|avenida|rua|ulica|ul\.) "
    rf"(?:(?:de|du|des|della|del|la|le|les|san|dos|da) ){{0,2}}{_CAPITAL}(?:[, ]{{1,2}}\d{{1,4}}[a-z]?)?"
    r"|(?<=, )(?-i:[A-Z]{2} \d{5})(?:-\d{4})?(?!\d)",
    re.IGNORECASE,
)
_MOST_WORDS = 4


def find_places(text: str, vocabulary: Vocabulary) -> list[Span]:
    """Where streets stand, and the names of institutions beside the word that says what they are; without that word."""
    words = [] if text.islower() else list(_WORD.finditer(text))
    kinds = introductions()["places"]
    spans = [
        span
        for at, word in enumerate(words)
        if fold(word[0]) in kinds
        for step in (-1, 1)
        if (span := _named(text, words, at, step, vocabulary))
    ]
    return [*spans, *(match.span() for match in _STREETS.finditer(text))]


def _named(text: str, words: Sequence["re.Match[str]"], at: int, step: int, vocabulary: Vocabulary) -> Span | None:
    """The capitalised words that no list of ours takes for plain, next to word `at` in the direction of `step`."""
    here, last, named = at + step, at, False
    while 0 <= here < len(words) and abs(here - at) <= _MOST_WORDS:
        left, right = sorted((here, here - step))
        if not _GAP.fullmatch(text[words[left].end() : words[right].start()]):
            break
        written = words[here][0]
        if fold(written) not in _BETWEEN:
            kind = vocabulary.written(written)
            ours = kind is Trust.PLAIN or (named and kind and step > 0) or known_humps(written, vocabulary)
            if not written[0].isupper() or ours:
                break
            last, named = here, named or kind is None
        here += step
    if not named:
        return None
    first, final = sorted((last, at + step))
    return words[first].start(), words[final].end()
