"""In which forms a name, a number or a place may turn up in a text: the facts of an object as things to search for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cache
from itertools import permutations

from services.anonymiser.descriptors.attributes import Fact
from services.anonymiser.descriptors.folding import fold, key, tokens
from services.anonymiser.descriptors.people import introductions
from services.anonymiser.descriptors.short import short_numbers
from services.anonymiser.descriptors.transliteration import latin
from services.anonymiser.descriptors.vocabulary import Vocabulary

_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = re.compile(r"[\s,.;:/()'’\"_^+&-]+")
_SEGMENT = re.compile(r"[\^,;/\r\n()]+")
_DIGITS = re.compile(r"\d+")
_SHORTEST_NAME, _SHORTEST_NUMBER, _SHORTEST_PLACE = 3, 4, 4
_TWO = 2
_LONG_NAME, _LONG_NUMBER = 5, 5
_MOST_WORDS = 6
_OLDEST = 89
"""Years that are more go from every text, whoever is meant (see detectors)."""
Birthday = tuple[int, int]
_FIRST_IDEOGRAPH = "\u2e80"


@cache
def _titles() -> frozenset[str]:
    known = introductions()
    return known["titles"] | known["degrees"] | known["behind"] | known["suffixes"]


def _proper(component: list[str]) -> list[str]:
    """A component of a name without titles; one that is nothing else is a name (Ma, Do), if it is no title for sure."""
    named = [word for word in component if fold(word) not in _titles()]
    return named or [word for word in component if len(word) == _TWO and fold(word) not in introductions()["titles"]]


def _particles() -> frozenset[str]:
    return introductions()["particles"]


@dataclass(slots=True)
class Forms:
    """`strong`: keys of `folding` that are taken out wherever they stand for themselves; `glued`: where nothing stands
    within them; `weak`: only beside a strong
    one, or as capitals that are no word of ours; `initials`: single letters beside a strong one; `digits`: taken out
    within longer numbers too; `short`: numbers of three digits; `ideographs`: text in scripts that have no
    spaces."""

    vocabulary: Vocabulary
    strong: set[str] = field(default_factory=set)
    glued: set[str] = field(default_factory=set)
    weak: set[str] = field(default_factory=set)
    initials: set[str] = field(default_factory=set)
    particles: set[str] = field(default_factory=set)
    stems: set[str] = field(default_factory=set)
    digits: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)
    ideographs: set[str] = field(default_factory=set)
    dates: set[date] = field(default_factory=set)
    births: set[date] = field(default_factory=set)
    ages: set[int] = field(default_factory=set)

    def add(self, facts: Iterable[tuple[Fact, str]]) -> "Forms":
        for fact, value in facts:
            if fact is Fact.NAME:
                self._name(value)
            elif fact in (Fact.NUMBER, Fact.CHIEF, Fact.STEP):
                self._number(value)
                self.short |= short_numbers(value) if fact is Fact.CHIEF else frozenset()
            elif fact in (Fact.PLACE, Fact.LABEL):
                self._place(value, label=fact is Fact.LABEL)
            elif fact is Fact.AGE:
                self.ages |= {int(number) for number in _DIGITS.findall(value)[:1]}
            else:
                self._date(value, birth=fact is Fact.BIRTH)
        return self

    def join(self, other: "Forms") -> None:
        """Takes in the forms of `other`."""
        for name in _SETS:
            mine: set[object] = getattr(self, name)
            mine |= getattr(other, name)

    def reckon(self) -> None:
        """Takes in the ages that birth and other dates make together."""
        self.ages |= _ages(self.births, self.dates)

    def _name(self, value: str) -> None:
        for group in value.split("="):
            self._ideographs(group)
            components = [_words(component) for component in group.split("^")]
            several = sum(bool(component) for component in components) > 1 or "," in group
            words = [word for component in components for word in component]
            if not several and all(self.vocabulary.plain(fold(word)) for word in words):
                if len(words) > 1:  # 'CT TECH' stands where a name should: only as a whole
                    self._phrase(words)
                continue
            self._words([word for component in components for word in _proper(component)] or words, several)

    def _words(self, proper: list[str], several: bool) -> None:
        self.particles |= {fold(word) for word in proper if fold(word) in _particles()}
        names = [word for word in proper if fold(word) not in _particles()] or proper
        for word in names:
            self._single(word, several)
        self._phrase(proper)
        self._phrase(proper[::-1])
        self._glued(names[:_MOST_WORDS])
        letters = [fold(word)[0] for word in names if word.isalpha()]
        self.initials |= set(letters)
        for order in (letters, letters[::-1], letters[1:] + letters[:1], letters[:2], letters[1::-1]):
            if 2 <= len(order) <= 4:
                self.weak.add("".join(order))

    def _single(self, word: str, several: bool) -> None:
        for spelling in _spellings(word):
            name = key(spelling)
            if len(name) >= _SHORTEST_NAME or (len(name) == 2 and several):
                self.strong.add(name)
            elif len(name) == 2:
                self.weak.add(name)
            if len(name) > _SHORTEST_NAME:
                self.strong.add(name + "s")
            if len(name) >= _LONG_NAME:
                self.stems.add(name[:-1])

    def _glued(self, names: list[str]) -> None:
        """'JaneDoe', 'JDOE', 'doej': keys of the joined word and joined keys, which may differ where they meet."""
        for first, second in permutations(names, 2):
            for one, two in ((first, second), (first[0], second), (first, second[0])):
                if len(one) + len(two) > _SHORTEST_NAME:
                    self.glued |= {key(one + two), key(one) + key(two)}

    def _phrase(self, words: list[str]) -> None:
        joined = "".join(key(word) for word in words)
        if len(words) > 1 and len(joined) >= _SHORTEST_PLACE:
            self.strong |= {joined, key("".join(words))}

    def _number(self, value: str) -> None:
        if not _DIGITS.search(value):
            self._place(value, label=True)
            return
        squeezed = "".join(token.key for token in tokens(value)).lstrip("0")
        if len(squeezed) >= _SHORTEST_NUMBER:
            self.strong.add(squeezed)
        if value.startswith("+"):  # a telephone number, without its country
            self.strong |= {squeezed[cut:] for cut in (1, 2, 3) if len(squeezed) > cut + _LONG_NUMBER}
        for run in _DIGITS.findall(value):
            digits = run.lstrip("0")
            if len(digits) >= _LONG_NUMBER:
                self.strong.add(digits)
                self.digits.add(digits)

    def _place(self, value: str, *, label: bool) -> None:
        self._ideographs(value)
        for segment in _SEGMENT.split(value):
            words = _words(segment)
            made = any(fold(word) in self.vocabulary.makers for word in words)
            plain = [self._says_nothing(fold(word), label=label) for word in words]
            parts = [token.key for token in tokens(segment)]
            ordinary = all(plain) and (label or made or len(words) < 2) and not _DIGITS.search(segment)
            if not ordinary and len("".join(parts)) >= _SHORTEST_PLACE:
                self.strong.add("".join(parts).lstrip("0"))
            for word, known in zip(words, plain, strict=True):
                if not known and len(word) >= (_SHORTEST_PLACE if label else _SHORTEST_NAME):
                    self._place_word(word)
            if not label:
                self.strong |= {run for run in _DIGITS.findall(segment) if len(run.lstrip("0")) >= _SHORTEST_NUMBER}
                if len(words) > 2:
                    self.weak.add("".join(fold(word)[0] for word in words if fold(word) not in _particles()))

    def _says_nothing(self, word: str, *, label: bool) -> bool:
        known = self.vocabulary.plain if label else self.vocabulary.common
        return word in self.vocabulary.makers or known(word)

    def _place_word(self, word: str) -> None:
        if fold(word) not in _particles() and fold(word) not in _titles():
            self.strong |= {key(spelling) for spelling in _spellings(word)}

    def _ideographs(self, value: str) -> None:
        if not any(character >= _FIRST_IDEOGRAPH for character in value):
            return
        parts = [part.strip() for part in re.split(r"[\^= ]", value)]
        far = [part for part in parts if part and part[0] >= _FIRST_IDEOGRAPH]
        self.ideographs |= {part for part in (*far, "".join(far)) if len(part) > 1}

    def _date(self, value: str, *, birth: bool) -> None:
        digits = value.replace(".", "")[:8]
        try:
            day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            return
        (self.births if birth else self.dates).add(day)


_SETS = tuple(one.name for one in fields(Forms) if one.name != "vocabulary")


def _words(text: str) -> list[str]:
    """The words of `text`; signs within one, where it was read in a wrong character set, do not part it."""
    words = ("".join(_WORD.findall(chunk)) for chunk in _BETWEEN.split(text))
    return [word for word in words if word]


def _spellings(word: str) -> set[str]:
    """`word`, in Latin letters, and as it looks after a wrong character set: read as another one, or with gaps."""
    found = {word}
    if not word.isascii():
        found.add(latin(word))
        lossy = word.encode("ascii", "ignore").decode("ascii")
        if len(lossy) > _SHORTEST_NAME:
            found.add(lossy)
        for wrong in ("latin-1", "cp1252"):
            misread = "".join(_WORD.findall(word.encode("utf-8").decode(wrong, "ignore")))
            if len(key(misread)) > _SHORTEST_NAME:
                found.add(misread)
    return {spelling for spelling in found if len(spelling) > 1}


def _ages(births: Iterable[date], days: Iterable[date]) -> set[int]:
    """How old whoever was born on one of `births` was on one of the later `days`, up to `_OLDEST`."""
    found: set[int] = set()
    of_days = _extremes(days)
    for year, (first, last) in _extremes(births).items():
        for age in range(_OLDEST + 2):
            if (year + age) not in of_days:
                continue
            earliest, latest = of_days[year + age]
            if first < latest or (age and first == latest):
                found.add(age)
            if age and earliest < last:
                found.add(age - 1)
    return found - {_OLDEST + 1}


def _extremes(days: Iterable[date]) -> dict[int, tuple[Birthday, Birthday]]:
    """The first and the last of `days` in each of their years."""
    found: dict[int, tuple[Birthday, Birthday]] = {}
    for day in days:
        here = (day.month, day.day)
        first, last = found.get(day.year, (here, here))
        found[day.year] = min(first, here), max(last, here)
    return found
