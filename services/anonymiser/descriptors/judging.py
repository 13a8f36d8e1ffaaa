"""Words of a text, each judged by what it is and, where that is not enough, by its neighbours: may it stay?"""

import re
from collections.abc import Sequence
from itertools import pairwise

from services.anonymiser.descriptors.atoms import Atom, Judgement
from services.anonymiser.descriptors.numbers import judge_numbers
from services.anonymiser.descriptors.technical import known_humps, technical
from services.anonymiser.descriptors.vocabulary import Trust, Vocabulary

_SMALL_WORDS = frozenset("aàáåæeèéiíìoóòøőuúüùyvwkzs") | {"à", "È"}
"""Articles, prepositions and conjunctions of one letter; initials are capitals."""
_VERTEBRA = re.compile(r"c[1-7]|(?:d|th?)(?:1[0-2]|[1-9])|l[1-5]|s[1-5]")
"""Two of them side by side are a level of the spine (L4 L5), whatever stands around."""


def judge(parts: Sequence[Atom], vocabulary: Vocabulary) -> None:
    """Gives every atom its verdict: KEEP, UNKNOWN or GONE."""
    kinds = [_judge_alone(atom, vocabulary) for atom in parts]
    _keep_phrases(parts, vocabulary)
    shouted = _shouted(parts)
    for kind in (Trust.CAREFUL, Trust.EPONYM):
        for at, atom in enumerate(parts):
            if kinds[at] is kind and atom.verdict is Judgement.ASK:
                careful = kind is Trust.CAREFUL
                stays = (at != shouted and _careful_stays(parts, at)) if careful else _eponym_stays(parts, at)
                atom.verdict = Judgement.KEEP if stays else Judgement.UNKNOWN
    for at, atom in enumerate(parts):
        if atom.verdict is Judgement.ASK and not atom.number and (len(atom.word) == 1 or not atom.word.isalpha()):
            atom.verdict = Judgement.KEEP if _letter_stays(parts, at) else Judgement.UNKNOWN
    judge_numbers(parts, vocabulary)
    for at in range(len(parts) - 1, -1, -1):
        if parts[at].verdict is Judgement.ASK:
            parts[at].verdict = Judgement.KEEP if _particle_stays(parts, at) else Judgement.UNKNOWN


def _judge_alone(atom: Atom, vocabulary: Vocabulary) -> Trust | None:
    """The kind of a word; where that decides, the atom has its verdict afterwards."""
    if atom.verdict is not Judgement.ASK or atom.number:
        return None
    word = atom.word
    if len(word) == 1:
        if atom.text in _SMALL_WORDS:
            atom.verdict = Judgement.KEEP
        return None
    kind = vocabulary.written(atom.text)
    if kind is Trust.PLAIN:
        atom.verdict, atom.sure = Judgement.KEEP, True
    elif kind is None:
        known = known_humps(atom.text, vocabulary) if word.isalpha() else technical(atom.text, vocabulary)
        atom.sure = known is True
        atom.verdict = {True: Judgement.KEEP, False: Judgement.UNKNOWN, None: Judgement.ASK}[known]
    return kind


def _keep_phrases(parts: Sequence[Atom], vocabulary: Vocabulary) -> None:
    for first, second in pairwise(parts):
        if (first.word, second.word) in vocabulary.phrases and Judgement.GONE not in (first.verdict, second.verdict):
            first.verdict = second.verdict = Judgement.KEEP


def _near(parts: Sequence[Atom], at: int) -> list[Atom]:
    return [parts[other] for other in (at - 1, at + 1) if 0 <= other < len(parts)]


def _stays(atom: Atom) -> bool:
    return atom.verdict is Judgement.KEEP and atom.date is None


def _careful_stays(parts: Sequence[Atom], at: int) -> bool:
    """Head, Hand, Kopf: unless an unknown word stands beside it and no word of ours does. (One that is written as names
    are, signed by HAND, does not: see `_shouted`.)"""
    near = _near(parts, at)
    return any(_stays(atom) for atom in near) or all(atom.verdict is not Judgement.UNKNOWN for atom in near)


def _shouted(parts: Sequence[Atom]) -> int | None:
    """Which word alone is in capitals in a sentence of several words in small letters."""
    words = [(at, atom.text) for at, atom in enumerate(parts) if len(atom.text) > 1 and atom.text.isalpha()]
    capitals = [at for at, word in words if word.isupper()]
    return capitals[0] if len(capitals) == 1 and sum(word.islower() for _, word in words) > 1 else None


def _eponym_stays(parts: Sequence[Atom], at: int) -> bool:
    return any(_stays(atom) or (atom.number and len(atom.text) <= 2) for atom in _near(parts, at))


def _letter_stays(parts: Sequence[Atom], at: int) -> bool:
    """L, R, p.a., T: unless it may be an initial."""
    near = _near(parts, at)
    if _VERTEBRA.fullmatch(parts[at].word) and any(_VERTEBRA.fullmatch(atom.word) for atom in near):
        return True
    if any(atom.verdict is Judgement.UNKNOWN and len(atom.word) > 1 and atom.word.isalpha() for atom in near):
        return False
    gone = any(atom.verdict is Judgement.GONE for atom in near)
    return any(_stays(atom) for atom in near) or not gone


def _particle_stays(parts: Sequence[Atom], at: int) -> bool:
    """de, van, der: only before what stays, and not behind a name unless a word follows that nobody is called."""
    behind = parts[at + 1] if at + 1 < len(parts) else None
    before = parts[at - 1] if at else None
    if behind is None or not _stays(behind) or "\n" in behind.gap:
        return False
    return behind.sure or before is None or before.verdict in (Judgement.KEEP, Judgement.ASK)
