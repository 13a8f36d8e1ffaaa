"""A text as the parts that cleaning decides on: words, numbers, technical tokens, dates, and what identifies."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from services.anonymiser.descriptors.dates import FoundDate
from services.anonymiser.descriptors.folding import fold
from services.anonymiser.descriptors.known import Identity

_CHUNK = re.compile(r"[^\W_]+(?:(?<=\d)[.,]\d+[^\W_]*)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Judgement(Enum):
    """What becomes of a part of the text."""

    KEEP = auto()
    ASK = auto()  # its neighbours decide
    UNKNOWN = auto()  # no word of ours: it may be a name
    GONE = auto()  # it identifies, for certain


@dataclass(slots=True)
class Atom:
    """A stretch of letters and digits at [start, end), or what identifies, or a date. `gap`: what separates it from the
    one before; `behind`: the character behind it; `word`: the text folded; `number`: digits only, decimals included;
    `sure`: it stays whatever stands beside it."""

    start: int
    end: int
    text: str
    gap: str = ""
    behind: str = ""
    verdict: Judgement = Judgement.ASK
    date: FoundDate | None = None
    word: str = ""
    number: bool = False
    sure: bool = False


def atoms(text: str, identity: Identity) -> list[Atom]:
    """The parts of `text` in order; what identifies and dates have their verdict already."""
    parts: list[Atom] = []
    position = 0
    for start, end, found in _marks(text, identity):
        for match in _CHUNK.finditer(text, position, start):
            parts.append(_atom(match[0], match.start()))
        if start < end:
            verdict = Judgement.KEEP if found else Judgement.GONE
            parts.append(Atom(start, end, text[start:end], verdict=verdict, date=found))
        position = end
    previous = 0
    for part in parts:
        part.gap, previous = text[previous : part.start], part.end
        part.behind = text[part.end : part.end + 1]
    return parts


def _marks(text: str, identity: Identity) -> Iterator[tuple[int, int, FoundDate | None]]:
    gone: list[tuple[int, int, FoundDate | None]] = [(start, end, None) for start, end in identity.gone]
    dates: list[tuple[int, int, FoundDate | None]] = [(found.start, found.end, found) for found in identity.dates]
    yield from sorted((*gone, *dates), key=lambda mark: mark[:2])
    yield len(text), len(text), None


def _atom(chunk: str, start: int) -> Atom:
    return Atom(start, start + len(chunk), chunk, word=fold(chunk), number=_NUMBER.fullmatch(chunk) is not None)
