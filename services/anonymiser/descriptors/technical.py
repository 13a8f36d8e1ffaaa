"""Tokens of letters and digits, and of several words in one: technical, or somebody's?"""

import re
from collections.abc import Sequence

from services.anonymiser.descriptors.folding import fold, humps
from services.anonymiser.descriptors.vocabulary import Vocabulary

_PARTS = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")
_STAGE = re.compile(
    r"[a-z]{0,3}t(?:[0-4]|is|x)[a-d]?(?:n[0-3x][a-c]?)?(?:m[01x][a-c]?)?|n[0-3x][a-c]?(?:m[01x][a-c]?)?"
)
_LETTERS_ONLY = re.compile(
    r"[a-z]\d{1,2}(?:[a-z](?:\d{1,2}[a-z]?)?)?|\d{1,2}[a-z](?:\d{1,2}[a-z]?)?|\d{1,3}[.,]\d{1,3}[a-z]|[a-z]{2}\d[a-z]?|[bwl]\d{1,4}"
)
_DIMENSIONS = re.compile(r"\d{1,4}(?:[.,]\d{1,3})?(?:[x×*]\d{1,4}(?:[.,]\d{1,3})?){1,3}")
_LONGEST, _LONGEST_WITH_WORD = 4, 2
_MOST_PARTS, _MOST_DIGITS = 9, 12


def technical(chunk: str, vocabulary: Vocabulary) -> bool | None:
    """Whether letters and digits in one (T2, ep2d, b1000, 5mm, 1x1x3, H30s, kV120, Th12) are technical: every word of
    it ours and every number short. None for a letter and a number, which may also be a room: its neighbours decide."""
    folded = fold(chunk)
    if vocabulary.plain(folded) or _STAGE.fullmatch(folded) or _DIMENSIONS.fullmatch(folded):
        return True
    parts = _PARTS.findall(chunk)
    if len(parts) > _MOST_PARTS or sum(character.isdigit() for character in chunk) > _MOST_DIGITS:
        return False
    words = [_words(part, vocabulary) for part in parts]
    if any(word is None for word in words):
        return False
    if not any(word for word in words if word and len(word) > 1):
        return None if _LETTERS_ONLY.fullmatch(folded) else False
    return all(_fits(words, at, part, vocabulary) for at, part in enumerate(parts) if part[0].isdigit())


def _words(part: str, vocabulary: Vocabulary) -> str | None:
    """The letters of a part, folded, '' for a number, None if they are no word of ours."""
    if part[0].isdigit():
        return ""
    folded = fold(part)
    if len(folded) == 1 or folded in vocabulary.units or vocabulary.written(part):
        return folded
    return folded if known_humps(part, vocabulary) else None


def known_humps(part: str, vocabulary: Vocabulary) -> bool:
    """Whether 'ThoraxAP', 'HeadNeck' or 'sT' is made of words of ours."""
    cuts = list(humps(part))
    if len(cuts) < 2 or fold(part) in vocabulary.excluded:
        return False
    words = [fold(part[first:last]) for first, last in cuts]
    if sum(len(word) == 1 for word in words) > 1:
        return False
    return all(len(word) == 1 or vocabulary.kind(word) for word in words)


def _fits(words: Sequence[str | None], at: int, part: str, vocabulary: Vocabulary) -> bool:
    """Whether a number within a technical token is short enough for the words around it."""
    before = words[at - 1] if at else ""
    behind = words[at + 1] if at + 1 < len(words) else ""
    digits = len(re.split(r"[.,]", part)[0])
    if before in vocabulary.takers or behind in vocabulary.units or behind == "x" or before == "x":
        return digits <= _LONGEST
    return digits <= _LONGEST_WITH_WORD or (bool(behind) and digits <= _LONGEST - 1 and len(behind or "") > 1)
