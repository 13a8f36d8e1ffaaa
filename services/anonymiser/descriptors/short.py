"""Numbers of three digits that are a patient's or a request's: in a text they go only where they are no measure."""

import re
from collections.abc import Collection, Iterator

from services.anonymiser.descriptors.folding import Token, key, tokens
from services.anonymiser.descriptors.vocabulary import Vocabulary

_DIGITS = 3
"""Of fewer every text has some; of more all go (see `forms`)."""
_BEFORE = re.compile(r"\d[-.,:/×*+]$")
_BEHIND = re.compile(r"[-.,:/×*+]\d|\s?[%°º]")
_BESIDE = frozenset({"", " ", "-", "_"})
_SIDES = frozenset({"l", "r"})
_GAP = re.compile(r"[\s:=#_.,/(<>~+-]{0,3}")
_MOST_IN_A_CHAIN = 16
# What stands before numbers of three digits: times, voltages, windows, sizes, places in a series.
_LABEL_WORDS = """
te tr ti td ta b bval bvalue bvalues venc etl bw fov mtx matrix slab slice slices sl slc thick thickness gap sp
spacing inc increment delay phase phases frame frames fr pos level levels lvl wl ww wc w l c hu hounsfield window
center centre kv kvp kev ma mas mgy ctdi gy dose energy density range rgb jpeg lut mlut vlut value image images img
im bild bildnummer aufnahme series serie serien sequence seq acq echo run v ver version rel release time ms
size diameter durchmesser diam length width height volume vol area depth distance radius angle winkel ca about
approx circa max maximum min minimum mean avg x
"""
_LABELS = frozenset(map(key, _LABEL_WORDS.split()))


def short_numbers(value: str) -> frozenset[str]:
    """An identifier of three digits as it is written and without zeros before them; none for any other."""
    digits = value.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits.lstrip("0")) > _DIGITS:
        return frozenset()
    return frozenset(form for form in (digits, digits.lstrip("0")) if len(form) >= _DIGITS)


def find_short(text: str, numbers: Collection[str], vocabulary: Vocabulary) -> Iterator[tuple[int, int]]:
    """Where one of `numbers` stands in `text` as a whole and nothing beside it says that it is a measure."""
    runs = tokens(text) if numbers else ()
    for at, run in enumerate(runs):
        if (run.key in numbers or run.key.lstrip("0") in numbers) and not _measure(text, runs, at, vocabulary):
            yield run.start, run.end


def _measure(text: str, runs: tuple[Token, ...], at: int, vocabulary: Vocabulary) -> bool:
    start, end = runs[at].start, runs[at].end
    if text[start - 1 : start].isalpha() or text[end : end + 1].isalpha():
        return True  # b471, 471mm
    if _BEFORE.search(text, max(0, start - 2), start) or _BEHIND.match(text, end):
        return True  # 1.471, 471/2
    behind = runs[at + 1] if at + 1 < len(runs) else None
    if behind and text[end : behind.start] in _BESIDE and behind.key in vocabulary.units and behind.key not in _SIDES:
        return True
    return _labelled(text, runs, at)


def _labelled(text: str, runs: tuple[Token, ...], at: int) -> bool:
    """Whether a label stands before it, or before the numbers before it (b 50 400 471)."""
    for here in range(at, max(0, at - _MOST_IN_A_CHAIN), -1):
        before = runs[here - 1]
        if not _GAP.fullmatch(text, before.end, runs[here].start):
            return False
        if not before.key.isdigit():
            return before.key in _LABELS
    return False
