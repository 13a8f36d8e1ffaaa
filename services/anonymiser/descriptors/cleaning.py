"""The Clean Descriptors Option (PS3.15 Section E.3.5): of a text stays what names nobody, and nothing else."""

from dataclasses import dataclass
from functools import lru_cache

from services.anonymiser.descriptors.atoms import Judgement, atoms
from services.anonymiser.descriptors.dates import FoundDate
from services.anonymiser.descriptors.judging import judge
from services.anonymiser.descriptors.known import REMEMBERED_CHARACTERS, REMEMBERED_TEXTS, Identity, Known, Move, masked
from services.anonymiser.descriptors.tidying import tidied
from services.anonymiser.descriptors.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class CleanText:
    """What is left of a text, and how many of its words and numbers were kept and dropped."""

    text: str
    kept: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A text that is judged but for its dates: `kept` stretches, and `shape`, the text without its words. `result`: all
    is said already."""

    shape: str
    kept: tuple[tuple[int, int], ...]
    dropped: int
    dates: tuple[FoundDate, ...]
    result: CleanText | None


def clean(text: str, known: Known, vocabulary: Vocabulary, move: Move) -> CleanText:
    """`text` without what `known` or a detector finds in it, and of the rest the words of `vocabulary` and technical
    numbers; dates move by `move`. '' when nothing is left; unchanged to the last space when all of it may stay."""
    plan = known.remember(vocabulary, text, lambda: _plan(text, known.look(text), vocabulary))
    if plan.result is not None:
        return plan.result
    moved = [(found.start, found.end, known.moved(text, found, move)) for found in plan.dates]
    dates = [(start, end, shown) for start, end, shown in moved if shown is not None]
    kept = sorted([*((start, end, text[start:end]) for start, end in plan.kept), *dates])
    return CleanText(tidied(plan.shape, kept), len(kept), plan.dropped + len(moved) - len(dates))


def _plan(text: str, identity: Identity, vocabulary: Vocabulary) -> Plan:
    if len(text) > REMEMBERED_CHARACTERS:
        return _planned(text, identity, vocabulary)
    return _remembered(text, identity, vocabulary)


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _remembered(text: str, identity: Identity, vocabulary: Vocabulary) -> Plan:
    return _planned(text, identity, vocabulary)


def _planned(text: str, identity: Identity, vocabulary: Vocabulary) -> Plan:
    parts = atoms(text, identity)
    judge(parts, vocabulary)
    kept = tuple((part.start, part.end) for part in parts if part.verdict is Judgement.KEEP and part.date is None)
    dropped = sum(part.verdict is not Judgement.KEEP for part in parts)
    shape = masked(text, ((part.start, part.end) for part in parts))
    result = None
    if not identity.dates:
        left = tidied(shape, [(start, end, text[start:end]) for start, end in kept]) if dropped else text
        result = CleanText(left if kept else "", len(kept), dropped)
    return Plan(shape, kept, dropped, identity.dates, result)
