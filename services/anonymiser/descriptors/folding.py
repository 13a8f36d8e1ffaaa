"""Words as they compare: without case, accents and the habits of writing umlauts; and texts as sequences of them."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

# What NFKD does not take apart. `casefold` has already made ss of ß.
_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n", "ŧ": "t"}
)
_DIGRAPH = re.compile(r"([aou])e(?=[^\W\d_])")
_RUN = re.compile(r"[^\W\d_]+|\d+")
_CACHED_CHARACTERS = 256


class Token(NamedTuple):
    """A run of letters or of digits in a text: where it is, and how it compares. Camel humps are runs of their own."""

    start: int
    end: int
    key: str


def fold(text: str) -> str:
    """`text` in small letters without accents: 'Ł' as 'l', 'ß' as 'ss', 'Ø' as 'o', 'Æ' as 'ae'."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


@lru_cache(maxsize=16)
def small(text: str) -> bool:
    """Whether `text` has no capitals: for those who ask it at every word."""
    return text.islower()


def key(word: str) -> str:
    """`fold`, and within a word 'ae', 'oe', 'ue', 'aa' as 'a', 'o', 'u', 'a': 'Müller', 'MUELLER', 'Muller' are one."""
    folded = fold(word)
    if "e" in folded:
        folded = _DIGRAPH.sub(r"\1", folded)
    return folded.replace("aa", "a")


def spellings(word: str) -> set[str]:
    """The folds of `word` with its umlauts as one letter and as two: 'Schädel' as 'schadel' and 'schaedel'."""
    written_out = word.casefold().translate(_WRITTEN_OUT)
    return {fold(word), fold(written_out)}


_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})


def tokens(text: str) -> tuple[Token, ...]:
    """The runs of `text`, in order."""
    return _tokens_cached(text) if len(text) <= _CACHED_CHARACTERS else tuple(_tokens(text))


@lru_cache(maxsize=4096)
def _tokens_cached(text: str) -> tuple[Token, ...]:
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    for match in _RUN.finditer(text):
        run, start = match[0], match.start()
        if run.islower() or run.isupper() or run.istitle() or run.isdigit():
            yield Token(start, match.end(), key(run))
            continue
        for first, last in humps(run):
            yield Token(start + first, start + last, key(run[first:last]))


def humps(run: str) -> Iterator[tuple[int, int]]:
    """Where the humps of 'ThoraxAP', 'JaneDoe' or 'MRIHead' are: a capital begins one after a small letter, or before
    a small letter within capitals."""
    start = 0
    for here in range(1, len(run)):
        before, after = run[here - 1], run[here + 1 : here + 2]
        if run[here].isupper() and (not before.isupper() or after.islower()):
            yield start, here
            start = here
    yield start, len(run)
