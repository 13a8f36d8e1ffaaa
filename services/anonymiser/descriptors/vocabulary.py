"""The words that cleaned text may hold (PS3.15 Section E.3.5), read from data/; README.md says how to add one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path

from services.anonymiser.descriptors.folding import fold, spellings

DATA = Path(__file__).parent / "data"
_LINKS = ("", "s", "n", "en", "es", "e", "er", "o", "i")
_SHORTEST_PART, _SHORTEST_COMPOUND, _MOST_PARTS = 4, 9, 4
_SHORTEST_HEAD = 5
_SHORTEST_INFLECTED, _SHORTEST_STEM, _LONGEST_ENDING = 5, 4, 6
_LONGEST_DERIVED = 120
_VOWELS = "aeiouyαηο"


class Trust(StrEnum):
    """How far a word can be trusted, which is also the name of the folder in data/ it stands in."""

    PLAIN = "plain"  # nobody is called so
    CAREFUL = "careful"  # some are, but in a descriptor it is a body part: kept unless it looks like a name there
    EPONYM = "eponym"  # a name by itself: kept only beside a plain word or a number (Gleason 7)
    PARTICLE = "particle"  # de, van, der: kept only before a word that is kept


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Folded words by kind; `phrases`: pairs of words, which together are kept though neither need be alone; `units`:
    what a number stands before; `takers`: what a number stands behind; `parts`: what compound words are made of;
    `combining`: what makes one of a plain word (peri-, hepato-); `suffixes`: what makes one of any stem (-ectomy);
    `stems` and `endings`: which languages (bits) a stem and an ending belong to; `excluded`: what must not come in by
    them; `makers` of equipment; `accented`: the words that are written with accents; `borrowed`: plain words that
    only a dictionary holds, which knows nothing of hospitals."""

    words: dict[str, Trust]
    phrases: frozenset[tuple[str, str]]
    units: frozenset[str]
    takers: frozenset[str]
    parts: frozenset[str]
    combining: frozenset[str]
    suffixes: tuple[str, ...]
    stems: dict[str, int]
    endings: dict[str, int]
    excluded: frozenset[str]
    makers: frozenset[str]
    accented: frozenset[str]
    borrowed: frozenset[str]

    def kind(self, word: str) -> Trust | None:
        """The kind of a folded word, None if it is none of ours. Inflected forms and compounds of ours are plain."""
        return self.words.get(word) or self.derived(word)

    def derived(self, word: str) -> Trust | None:
        """The kind of a folded word as an inflected form or compound of ours, whether a list holds it itself or not."""
        return _derived(self, word) if _SHORTEST_INFLECTED <= len(word) <= _LONGEST_DERIVED else None

    def written(self, word: str) -> Trust | None:
        """The kind of a word as it is written: with accents it is none of ours that has none (Löwer, Bašić)."""
        folded = fold(word)
        if not word.isascii() and folded in self.words and folded not in self.accented:
            return None
        return self.kind(folded)

    def plain(self, word: str) -> bool:
        """Whether a folded word says nothing about anybody wherever it stands."""
        return self.kind(word) is Trust.PLAIN

    def common(self, word: str) -> bool:
        """Whether a folded word may stand in the name of any hospital: 'center', and not 'cornerstone'."""
        return self.plain(word) and word not in self.borrowed


@lru_cache(maxsize=8192)
def _derived(vocabulary: Vocabulary, word: str) -> Trust | None:
    if word in vocabulary.excluded:
        return None
    for cut in range(1, min(_LONGEST_ENDING, len(word) - _SHORTEST_STEM) + 1):
        if vocabulary.stems.get(word[:-cut], 0) & vocabulary.endings.get(word[-cut:], 0):
            return Trust.PLAIN
    if word.endswith(vocabulary.suffixes, _SHORTEST_STEM):
        return Trust.PLAIN
    if any(word[:cut] in vocabulary.combining and vocabulary.plain(word[cut:]) for cut in _heads(word)):
        return Trust.PLAIN
    if len(word) >= _SHORTEST_COMPOUND and _splits(word, vocabulary.parts, _MOST_PARTS):
        return Trust.PLAIN
    return None


def _heads(word: str) -> range:
    return range(3, len(word) - _SHORTEST_HEAD + 1)


@lru_cache(maxsize=8192)
def _splits(word: str, parts: frozenset[str], most: int) -> bool:
    """Whether `word` is two or more `parts`, joined directly or by one of the letters that German joins words with."""
    for cut in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        if word[:cut] in parts:
            for link in _LINKS:
                rest = word[cut + len(link) :]
                if word.startswith(link, cut) and (rest in parts or (most > 2 and _splits(rest, parts, most - 1))):
                    return True
    return False


@cache
def shipped() -> Vocabulary:
    """The vocabulary of this revision of the software. Takes about a quarter of a second, once."""
    units = frozenset(entries(DATA / "units.txt"))
    takers = frozenset((*entries(DATA / "takers.txt"), *entries(DATA / "plain" / "agents.txt")))
    excluded = frozenset(entries(DATA / "excluded.txt"))
    lists = {kind: {file.stem: entries(file) for file in (DATA / kind.value).glob("*.txt")} for kind in Trust}
    words: dict[str, Trust] = dict.fromkeys(units | takers, Trust.PLAIN)
    for kind in Trust:  # the more careful kind counts
        for listed in lists[kind].values():
            words.update(dict.fromkeys(listed, kind))
    words = {word: kind for word, kind in words.items() if word not in excluded}
    plain = {
        name: {word for word in listed if words.get(word) is Trust.PLAIN} for name, listed in lists[Trust.PLAIN].items()
    }
    stems, endings = _inflections(plain)
    return Vocabulary(
        words=words,
        phrases=frozenset(_phrases(DATA / "phrases.txt")),
        units=units,
        takers=takers,
        parts=frozenset(_parts(lists[Trust.PLAIN]) - excluded),
        combining=frozenset(entries(DATA / "combining.txt")),
        suffixes=tuple(entries(DATA / "suffixes.txt")),
        stems=stems,
        endings=endings,
        excluded=excluded,
        makers=frozenset(entries(DATA / "makers.txt")),
        accented=frozenset(_accented(lists.values())),
        borrowed=_borrowed(plain),
    )


def _borrowed(plain: dict[str, set[str]]) -> frozenset[str]:
    own = (words for name, words in plain.items() if name != _DICTIONARY)
    return frozenset(plain[_DICTIONARY].difference(*own))


def _accented(lists: Iterable[dict[str, dict[str, bool]]]) -> Iterator[str]:
    return (word for files in lists for words in files.values() for word, accent in words.items() if accent)


def _parts(lists: dict[str, dict[str, bool]]) -> set[str]:
    return {word for name in _COMPOUNDING for word in lists.get(name, ()) if len(word) >= _SHORTEST_PART}


def _inflections(plain: dict[str, set[str]]) -> tuple[dict[str, int], dict[str, int]]:
    stems: dict[str, int] = {}
    endings: dict[str, int] = {}
    for number, line in enumerate(_lines(DATA / "endings.txt")):
        name, *language = line.split()
        for ending in language:
            endings[ending] = endings.get(ending, 0) | 1 << number
        for word in plain[name]:
            if len(word) >= _SHORTEST_STEM:
                stems[word] = stems.get(word, 0) | 1 << number
            if len(word) > _SHORTEST_STEM and word[-1] in _VOWELS:
                stems[word[:-1]] = stems.get(word[:-1], 0) | 1 << number
    return stems, endings


_DICTIONARY = "wordnet"
_COMPOUNDING = ("german", "dutch", "swedish", "norwegian_danish", "finnish", "hungarian", "latin")


def _lines(file: Path) -> Iterator[str]:
    return (line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))


def entries(file: Path) -> dict[str, bool]:
    """The folds of a file's words, and whether they are written with accents."""
    found: dict[str, bool] = {}
    for line in _lines(file):
        for entry in line.split():
            for word in expanded(entry):
                if word.isascii():
                    found.setdefault(word.lower(), False)
                else:
                    found.update(dict.fromkeys(spellings(word), True))
    return found


def expanded(entry: str) -> Iterator[str]:
    """The words of an entry: 'droit+e+s' is droit, droite, droits; 'płuc*o*a' is płuco, płuca without the stem."""
    if "*" in entry:
        stem, *endings = entry.split("*")
    else:
        stem, *endings = entry.split("+")
        yield stem
    yield from (stem + ending for ending in endings)


def _phrases(file: Path) -> Iterator[tuple[str, str]]:
    for line in _lines(file):
        first, second = line.split()
        yield from ((one, two) for one in spellings(first) for two in spellings(second))
