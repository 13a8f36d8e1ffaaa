"""Which numbers a cleaned text may keep: measures and what else is technical, never one that could name somebody."""

import re
from collections.abc import Sequence

from services.anonymiser.descriptors.atoms import Atom, Judgement
from services.anonymiser.descriptors.vocabulary import Vocabulary

_CHAIN = re.compile(r"\s?[-/,+_&x×*–:]\s?[-+]?|\s?(?:\.\.)\s?| \(?")
_TAKEN = re.compile(r"[\s:=#_.\-/(<>~]{0,3}")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_LONGEST = 4
_LONGEST_BARE = 2


def judge_numbers(parts: Sequence[Atom], vocabulary: Vocabulary) -> None:
    """Decides on the numbers among `parts`, whose words are decided. A number stays before a unit (5 mm), behind a
    word that takes one (TE 90, segment 7), in a chain with one that stays (L4/5, b 50 400 800), as dimensions; short
    ones and decimals also beside any word that stays, where no name can have been."""
    heads = _heads(parts)
    for at, atom in enumerate(parts):
        if (
            atom.number
            and atom.verdict is Judgement.ASK
            and (_measured(parts, at, vocabulary) or _taken(parts, at, vocabulary) or _chained(parts, at, heads[at]))
        ):
            atom.verdict = Judgement.KEEP
    for at in range(len(parts) - 2, -1, -1):
        atom = parts[at]
        if atom.number and atom.verdict is Judgement.ASK and _joined_to_measure(parts, at):
            atom.verdict = Judgement.KEEP
    for at, atom in enumerate(parts):
        if atom.number and atom.verdict is Judgement.ASK:
            stays = _short_beside_word(parts, at) or _chained(parts, at, heads[at])
            atom.verdict = Judgement.KEEP if stays else Judgement.UNKNOWN


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
    return unit.gap in ("", " ", "-", "_") and unit.word in vocabulary.units and unit.verdict is not Judgement.GONE


def _taken(parts: Sequence[Atom], at: int, vocabulary: Vocabulary) -> bool:
    if not at or len(_integer(parts[at])) > _LONGEST:
        return False
    before = parts[at - 1]
    if before.verdict is Judgement.GONE or before.word not in vocabulary.takers or not _TAKEN.fullmatch(parts[at].gap):
        return False
    return not _YEAR.fullmatch(parts[at].text) or before.word in _LARGE


_LARGE = frozenset(
    {"jpeg", "range", "rgb", "b", "tr", "te", "ti", "bvalue", "bval", "fov", "matrix", "ms", "w", "l", "ww", "wl", "hu"}
)


def _chained(parts: Sequence[Atom], at: int, head_word: str) -> bool:
    """Behind a number that stays because of its word, `head_word` if it is not the one before: 2/3, 50 400 800."""
    atom, before = parts[at], parts[at - 1] if at else None
    if before is None or before.verdict is not Judgement.KEEP or before.date or len(_integer(atom)) > _LONGEST:
        return False
    if not (before.number or before.word[-1:].isdigit()) or not _CHAIN.fullmatch(atom.gap):
        return False
    head = re.match(r"[^\W\d_]*", before.word)
    large = head is not None and head[0] in _LARGE
    large_head = head_word in _LARGE or head_word.rstrip("0123456789") in _LARGE
    if atom.gap == " " and not ((large or large_head) and atom.text.endswith("0")):
        return False
    return not _YEAR.fullmatch(atom.text) or large


def _heads(parts: Sequence[Atom]) -> list[str]:
    """For each part the word to which the numbers before it go back (b 50 400); '' if there is none."""
    found: list[str] = []
    for at in range(len(parts)):
        before = parts[at - 1] if at else None
        found.append("" if before is None else found[-1] if before.number else before.word)
    return found


def _joined_to_measure(parts: Sequence[Atom], at: int) -> bool:
    """Before one that stays: 5/5mm, 3 x 4 mm, 10-15 %."""
    atom, behind = parts[at], parts[at + 1]
    if len(_integer(atom)) > _LONGEST or behind.verdict is not Judgement.KEEP or behind.date:
        return False
    if behind.word == "x" and at + 2 < len(parts):
        behind = parts[at + 2]
        return behind.text[0].isdigit() and behind.verdict is Judgement.KEEP
    return behind.text[0].isdigit() and behind.gap.strip() in ("/", "-", "x", "×", "*", "+", "–", ":")


def _short_beside_word(parts: Sequence[Atom], at: int) -> bool:
    atom = parts[at]
    whole, *decimals = re.split(r"[.,]", atom.text)
    short = len(whole) <= _LONGEST_BARE or bool(decimals)
    if len(whole) > _LONGEST_BARE + 1 or len(decimals) > 1 or (decimals and len(decimals[0]) > _LONGEST):
        return False
    near = [parts[other] for other in (at - 1, at + 1) if 0 <= other < len(parts)]
    doubtful = (Judgement.UNKNOWN,) if short else (Judgement.UNKNOWN, Judgement.GONE)
    if any(other.verdict in doubtful for other in near):
        return False
    if not near:
        return True
    return any(
        other.verdict is Judgement.KEEP and not other.date and (not other.number or bool(decimals)) for other in near
    )
