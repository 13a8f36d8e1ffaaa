"""What the original object knows of its people, places, numbers and dates, taken out of any text that is kept."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TypeVar, cast

from services.anonymiser.dataset.limits import UNHURRIED, Deadline
from services.anonymiser.dataset.tree import Item
from services.anonymiser.descriptors.attributes import Fact
from services.anonymiser.descriptors.dates import FoundDate, find_dates
from services.anonymiser.descriptors.detectors import find_ages, find_numbers
from services.anonymiser.descriptors.facts import Written, gathered, values
from services.anonymiser.descriptors.folding import tokens
from services.anonymiser.descriptors.forms import Forms
from services.anonymiser.descriptors.matching import Matcher, Span
from services.anonymiser.descriptors.people import find_people
from services.anonymiser.descriptors.places import find_places
from services.anonymiser.descriptors.short import find_short
from services.anonymiser.descriptors.technical import technical
from services.anonymiser.descriptors.tidying import Kept, tidied
from services.anonymiser.descriptors.vocabulary import Vocabulary, shipped

_SHORT_NUMBER, _SURE_DIGITS = 3, 7
_FEW = 16
"""So many numbers are looked for one by one, before the whole value is taken apart."""
_WHOLE_NUMBER = re.compile(r"\+?0*(\d+)(?:\.0*)?", re.ASCII)
_WORD = re.compile(r"[^\W_]+")

Move = Callable[[date], date | None]
Result = TypeVar("Result")

_REMEMBERED_OBJECTS, _REMEMBERED_VALUES, REMEMBERED_TEXTS, REMEMBERED_CHARACTERS = 64, 1024, 1024, 256
_REMEMBERED_FACTS = 512


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifies in one text: `gone`, stretches to take out, in order and apart; `dates` beside them."""

    gone: tuple[Span, ...]
    dates: tuple[FoundDate, ...]


_NOTHING = Identity((), ())
_LABEL = 24
"""Characters before a date in which a word may say that somebody was born on it."""
_BIRTH = re.compile(
    r"(?:\bd\.?o\.?b\b|birth|\bborn\b|\bgeb|\bné(?:e|\(e\))?\b|naissance|nascita|nato\b|nata\b|nacimiento|nascimento|nascid|"
    r"\bgeboren|urodz|naroz|syntym|született|szül|född|født|fødsel|γεννηθ|γέννησ|rojen|rođen|dzim|gimim|doğum|născut|nașter)"
    r"[^\d]*$",
    re.IGNORECASE,
)


class Known:
    """Finds in texts what identifies. Built once per original object, and shared by objects that know the same."""

    __slots__ = ("_ages", "_matcher", "_numbers", "_remembered", "_short", "_steps", "_vocabulary", "births", "dates")

    def __init__(self, written: tuple[Written, ...], vocabulary: Vocabulary, deadline: Deadline = UNHURRIED) -> None:
        forms, steps = Forms(vocabulary), Forms(vocabulary)
        for one in written:
            deadline.check()
            (steps if one[0] is Fact.STEP else forms).join(_forms(one, vocabulary))
        self._steps = steps.strong - forms.strong - forms.glued - forms.weak
        forms.join(steps)
        forms.reckon()
        self._matcher, self._vocabulary = Matcher(forms), vocabulary
        self._ages = frozenset(forms.ages)
        self.dates = frozenset(forms.dates | forms.births)
        self.births = frozenset(forms.births)
        self._short = frozenset(forms.short)
        self._numbers = frozenset(digits for digits in forms.digits if len(digits) >= _SURE_DIGITS)
        self._remembered: dict[tuple[object, str], object] = {}

    @classmethod
    def of(cls, elements: Item, deadline: Deadline = UNHURRIED) -> "Known":
        """What `elements`, the whole original data set, knows: every PN, identifier, address, telephone number,
        organisation, station, date and age at every depth, in every reading of its character sets.

        Raises BeyondLimits when `deadline` is over.
        """
        written = gathered(elements, deadline)
        return _known(written) if len(written) <= _REMEMBERED_FACTS else cls(written, shipped(), deadline)

    def redact(self, text: str, move: Move | None = None, *, maker: bool = False) -> tuple[str, int]:
        """`text` without what identifies, and the number of places where something did. Dates move by `move`; without
        it, where it answers None, or where nobody can tell which day is meant, they go. `maker`: the text is a name of
        a maker or a model, in which only what the object knows identifies (Acme Ltd., DR-ID 600, https://...)."""
        identity = self.remember("maker", text, lambda: self._of_object(text, _NOTHING)) if maker else self.look(text)
        if not identity.gone and not identity.dates:
            return text, 0
        moved = [(found.start, found.end, self.moved(text, found, move)) for found in identity.dates]
        dates = [(start, end, shown) for start, end, shown in moved if shown is not None]
        taken = sorted((*identity.gone, *((start, end) for start, end, _ in moved)))
        kept = sorted((*_between(text, taken), *dates))
        return tidied(masked(text, taken), kept), len(identity.gone) + len(identity.dates)

    def moved(self, text: str, found: FoundDate, move: Move | None) -> str | None:
        """What a date in `text` becomes. A date of birth goes, as the attribute does: moved, it would tell the age."""
        if found.day(self.dates) in self.births or _BIRTH.search(text, max(0, found.start - _LABEL), found.start):
            return None
        return found.moved(self.dates, move)

    def has_date(self, digits: str) -> bool:
        """Whether `digits` (YYYYMMDD) are a date that the object knows."""
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) in self.dates
        except ValueError:
            return False

    def has_number(self, numbers: str) -> bool:
        """Whether one of `numbers` (DS or IS) is an identifier that the object knows, too long for a coincidence."""
        if len(self._numbers) <= _FEW and not any(digits in numbers for digits in self._numbers):
            return False
        whole = (_WHOLE_NUMBER.fullmatch(number.strip()) for number in numbers.split("\\"))
        return any(found is not None and found[1] in self._numbers for found in whole)

    def has_short_number(self, code: str) -> bool:
        """Whether all of `code` is an identifier of three digits that is the patient's or his request's."""
        return code in self._short

    def names(self, code: str, shortest: int) -> bool:
        """Whether `code` holds a name or a number that the object knows, of so many letters and digits at least. What
        is the number of a procedure's step and of nothing else may be the code of the procedure, and is none."""
        return self.remember(("names", shortest), code, lambda: self._names(code, shortest))

    def _names(self, code: str, shortest: int) -> bool:
        if "".join(token.key for token in tokens(code)).lstrip("0") in self._steps:
            return False
        if shortest <= _SHORT_NUMBER and self.has_short_number(code):
            return True
        spans = self._matcher.find(code, inside=False)
        return any(sum(map(str.isalnum, code[start:end])) >= shortest for start, end in spans)

    def look(self, text: str) -> Identity:
        """What identifies in `text`."""
        return self.remember(None, text, lambda: self._look(text))

    def remember(self, purpose: object, text: str, work: Callable[[], Result]) -> Result:
        """What `work` says of `text`, asked once for each `purpose`: the objects of a series have the same texts."""
        if len(text) > REMEMBERED_CHARACTERS:
            return work()
        found = self._remembered.get((purpose, text))
        if found is None:
            if len(self._remembered) >= REMEMBERED_TEXTS:
                self._remembered.clear()
            found = self._remembered[purpose, text] = work()
        return cast(Result, found)

    def _look(self, text: str) -> Identity:
        short = find_short(text, self._short, self._vocabulary)
        return self._of_object(text, _general(text, self._vocabulary), short)

    def _of_object(self, text: str, general: Identity, short: Iterable[Span] = ()) -> Identity:
        known = [*self._matcher.find(text), *find_ages(text, self._ages), *short]
        if not known:
            return general
        gone = _merged((*known, *general.gone))
        return Identity(tuple(gone), tuple(found for found in general.dates if not _overlaps(found, gone)))


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _general_remembered(text: str, vocabulary: Vocabulary) -> Identity:
    return _looked(text, vocabulary)


def _general(text: str, vocabulary: Vocabulary) -> Identity:
    """What identifies whoever the patient is."""
    if len(text) > REMEMBERED_CHARACTERS:
        return _looked(text, vocabulary)
    return _general_remembered(text, vocabulary)


def _looked(text: str, vocabulary: Vocabulary) -> Identity:
    dates = find_dates(text)
    numbers = [_trimmed(text, span, vocabulary) for span in find_numbers(text) if not _within(span, dates)]
    gone = _merged((*numbers, *find_people(text, vocabulary), *find_places(text, vocabulary)))
    return Identity(tuple(gone), tuple(found for found in dates if not _overlaps(found, gone)))


@lru_cache(maxsize=_REMEMBERED_VALUES)
def _forms(written: Written, vocabulary: Vocabulary) -> Forms:
    """The forms of one value: institution, station and staff are the same for many patients."""
    return Forms(vocabulary).add(values((written,)))


@lru_cache(maxsize=_REMEMBERED_OBJECTS)
def _known(written: tuple[Written, ...]) -> Known:
    return Known(written, shipped())


def _trimmed(text: str, span: Span, vocabulary: Vocabulary) -> Span:
    """`span` without the plain words that an underscore has tied to an address: CT_CHEST_jane@example.org."""
    start, end = span
    while (cut := text.find("_", start, end)) >= 0 and _ours(text[start:cut], vocabulary):
        start = cut + 1
    return start, end


def _ours(text: str, vocabulary: Vocabulary) -> bool:
    return all(
        len(word) == 1 or (word.isdigit() and len(word) <= _SHORT_NUMBER) or technical(word, vocabulary) is not False
        for word in _WORD.findall(text)
    )


def _overlaps(found: FoundDate, spans: Sequence[Span]) -> bool:
    """`spans` are in order and apart."""
    at = bisect_left(spans, (found.end,))
    return at > 0 and spans[at - 1][1] > found.start


def _within(span: Span, dates: Sequence[FoundDate]) -> bool:
    """`dates` are in order and apart."""
    at = bisect_right(dates, span[0], key=lambda found: found.start)
    return at > 0 and span[1] <= dates[at - 1].end


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _between(text: str, taken: list[Span]) -> list[Kept]:
    """What stands between the stretches that are taken out, each without the separators at its ends."""
    kept: list[Kept] = []
    position = 0
    for start, end in (*taken, (len(text), len(text))):
        first, last = _words_within(text, position, start)
        if first < last:
            kept.append((first, last, text[first:last]))
        position = max(position, end)
    return kept


def masked(text: str, taken: Iterable[Span]) -> str:
    """`text` with letters for what is taken out: the punctuation within an address is none of the sentence."""
    characters = list(text)
    for start, end in taken:
        characters[start:end] = "x" * (end - start)
    return "".join(characters)


def _words_within(text: str, start: int, end: int) -> Span:
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return start, end
