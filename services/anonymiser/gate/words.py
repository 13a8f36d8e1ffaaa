"""Words that identify nobody, and names that people have: the gate's own lists (data/*.json, sources inside)."""

import json
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
_PAIRS = (("ae", "a"), ("oe", "o"), ("ue", "u"))


def listed(name: str) -> frozenset[str]:
    """The words of data/`name`.json, folded. Raises OSError without the file and ValueError without any word in it:
    the gate must not look with half of its knowledge."""
    groups = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["words"].values()
    words = frozenset(word for lines in groups for line in lines for word in line.split())
    if not words:
        raise ValueError(f"no words in {name}.json")
    return words


def collapsed(word: str) -> str:
    """'mueller' as 'muller', which is what folding makes of Müller."""
    for pair, vowel in _PAIRS:
        word = word.replace(pair, vowel)
    return word


def _names(name: str) -> frozenset[str]:
    names = listed(name)
    return names | {short for word in names if len(short := collapsed(word)) > 3}


@cache
def first_names() -> frozenset[str]:
    """Common given names."""
    return _names("first_names")


@cache
def surnames() -> frozenset[str]:
    """Common family names."""
    return _names("surnames")


@cache
def public() -> frozenset[bytes]:
    """Words that are not looked for: the standard's own, makers, words of hospital names, plain ones."""
    return frozenset(word.encode() for word in listed("standard_words") | listed("common_words"))


@cache
def ambiguous() -> frozenset[bytes]:
    """Those of them that are names, too: young, may, long. Of somebody who is called so they are half a hint."""
    return frozenset(word.encode() for word in first_names() | surnames() if len(word) > 2) & public()
