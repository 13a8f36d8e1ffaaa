"""Texts made comparable: case, accents and separators count for nothing."""

import re
import unicodedata
from functools import lru_cache

PARTICLES = frozenset({"van", "der", "de", "la", "von", "le", "di", "el", "dr", "and", "of", "und", "st"})
"""Parts of names that say nothing by themselves."""


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """Without accents, case folded; letters that have no decomposition (ø, ł, ß) are written as people do."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return letters.replace("ø", "o").replace("ł", "l").replace("đ", "d").replace("æ", "ae")


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """The runs of letters and digits."""
    return tuple(re.findall(r"[^\W_]+", plain(text)))


@lru_cache(maxsize=65536)
def compact(text: str) -> str:
    """Letters and digits only."""
    return "".join(words(text))


@lru_cache(maxsize=65536)
def apart(value: str) -> re.Pattern[str]:
    """Finds the letters and digits of `value` with any separators between them, as a piece of its own."""
    return re.compile(r"(?<![^\W_])" + r"[\W_]*".join(map(re.escape, compact(value))) + r"(?![^\W_])")
