"""Which numbers a cleaned text may keep: measures and what else is technical, never one that could name somebody."""

import re
from collections.abc import Sequence

from services.anonymiser.descriptors.atoms import Atom, Verdict
from services.anonymiser.descriptors.folding import fold, humps
from services.anonymiser.descriptors.vocabulary import Vocabulary

_PARTS = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")
_STAGE = re.compile(
    r"[a-z]{0,3}t(?:[0-4]|is|x)[a-d]?(?:n[0-3x][a-c]?)?(?:m[01x][a-c]?)?|n[0-3x][a-c]?(?:m[01x][a-c]?)?"
)
_LETTERS_ONLY = re.compile(
    r"[a-z]\d{1,2}(?:[a-z](?:\d[a-z]?)?)?|\d{1,2}[a-z](?:\d{1,2})?|\d{1,3}[.,]\d{1,3}[a-z]|[a-z]{2}\d[a-z]?|[bwl]\d{1,4}"
)
_DIMENSIONS = re.compile(r"\d{1,4}(?:[.,]\d{1,3})?(?:[x×*]\d{1,4}(?:[.,]\d{1,3})?){1,3}")
_CHAIN = re.compile(r"\s?[-/,+_&x×*–:]\s?[-+]?|\s?(?:\.\.)\s?| \(?")
_TAKEN = re.compile(r"[\s:=#_.\-/(<>~]{0,3}")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_MATRIX = frozenset({"128", "192", "256", "288", "320", "384", "448", "512", "640", "768", "1024"})
_LONGEST = 4
_LONGEST_BARE, _LONGEST_WITH_WORD = 2, 2
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
    if len(folded) == 1 or folded in vocabulary.units or vocabulary.kind(folded):
        return folded
    return folded if known_humps(part, vocabulary) else None


def known_humps(part: str, vocabulary: Vocabulary) -> bool:
    """Whether 'ThoraxAP', 'HeadNeck' or 'sT' is made of words of ours."""
    cuts = list(humps(part))
    if len(cuts) < 2:
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


def judge_numbers(parts: Sequence[Atom], vocabulary: Vocabulary) -> None:
    """Decides on the numbers among `parts`, whose words are decided. A number stays before a unit (5 mm), behind a
    word that takes one (TE 90, segment 7), in a chain with one that stays (L4/5, b 50 400 800), as dimensions; short
    ones and decimals also beside any word that stays, where no name can have been."""
    for at, atom in enumerate(parts):
        if (
            atom.number
            and atom.verdict is Verdict.ASK
            and (_measured(parts, at, vocabulary) or _taken(parts, at, vocabulary) or _chained(parts, at))
        ):
            atom.verdict = Verdict.KEEP
    for at in range(len(parts) - 2, -1, -1):
        atom = parts[at]
        if atom.number and atom.verdict is Verdict.ASK and _joined_to_measure(parts, at):
            atom.verdict = Verdict.KEEP
    for at, atom in enumerate(parts):
        if atom.number and atom.verdict is Verdict.ASK:
            stays = _short_beside_word(parts, at) or _chained(parts, at)
            atom.verdict = Verdict.KEEP if stays else Verdict.UNKNOWN


def _integer(atom: Atom) -> str:
    return re.split(r"[.,]", atom.text)[0]


def _measured(parts: Sequence[Atom], at: int, vocabulary: Vocabulary) -> bool:
    if len(_integer(parts[at])) > _LONGEST:
        return False
    if parts[at].behind in ("%", "°", "º"):
        return True
    if at + 1 >= len(parts):
        return False
    unit = parts[at + 1]
    return unit.gap in ("", " ", "-", "_") and unit.word in vocabulary.units and unit.verdict is not Verdict.GONE


def _taken(parts: Sequence[Atom], at: int, vocabulary: Vocabulary) -> bool:
    if not at or len(_integer(parts[at])) > _LONGEST:
        return False
    before = parts[at - 1]
    if before.verdict is Verdict.GONE or before.word not in vocabulary.takers or not _TAKEN.fullmatch(parts[at].gap):
        return False
    return not _YEAR.fullmatch(parts[at].text) or before.word in _LARGE


_LARGE = frozenset(
    {"jpeg", "range", "rgb", "b", "tr", "te", "ti", "bvalue", "bval", "fov", "matrix", "ms", "w", "l", "ww", "wl", "hu"}
)


def _chained(parts: Sequence[Atom], at: int) -> bool:
    """Behind a number that stays because of its word: 2/3, 50 400 800."""
    atom, before = parts[at], parts[at - 1] if at else None
    if before is None or before.verdict is not Verdict.KEEP or before.date or len(_integer(atom)) > _LONGEST:
        return False
    if not (before.number or before.word[-1:].isdigit()) or not _CHAIN.fullmatch(atom.gap):
        return False
    head = re.match(r"[^\W\d_]*", before.word)
    large = head is not None and head[0] in _LARGE
    if atom.gap == " " and not large and not _large_head(parts, at):
        return False
    return not _YEAR.fullmatch(atom.text) or large


def _large_head(parts: Sequence[Atom], at: int) -> bool:
    """Whether the numbers before go back to a word whose numbers are large (b 50 400)."""
    while at and parts[at - 1].number:
        at -= 1
    return at > 0 and (parts[at - 1].word in _LARGE or parts[at - 1].word.rstrip("0123456789") in _LARGE)


def _joined_to_measure(parts: Sequence[Atom], at: int) -> bool:
    """Before one that stays: 5/5mm, 3 x 4 mm, 10-15 %."""
    atom, behind = parts[at], parts[at + 1]
    if len(_integer(atom)) > _LONGEST or behind.verdict is not Verdict.KEEP or behind.date:
        return False
    if behind.word == "x" and at + 2 < len(parts):
        behind = parts[at + 2]
        return behind.text[0].isdigit() and behind.verdict is Verdict.KEEP
    return behind.text[0].isdigit() and behind.gap.strip() in ("/", "-", "x", "×", "*", "+", "–", ":")


def _short_beside_word(parts: Sequence[Atom], at: int) -> bool:
    atom = parts[at]
    whole, *decimals = re.split(r"[.,]", atom.text)
    short = len(whole) <= _LONGEST_BARE or bool(decimals)
    if len(whole) > _LONGEST_BARE + 1 or len(decimals) > 1 or (decimals and len(decimals[0]) > _LONGEST):
        return False
    near = [parts[other] for other in (at - 1, at + 1) if 0 <= other < len(parts)]
    doubtful = (Verdict.UNKNOWN,) if short else (Verdict.UNKNOWN, Verdict.GONE)
    if any(other.verdict in doubtful for other in near):
        return False
    if not near:
        return True
    return any(
        other.verdict is Verdict.KEEP and not other.date and (not other.number or bool(decimals)) for other in near
    )
