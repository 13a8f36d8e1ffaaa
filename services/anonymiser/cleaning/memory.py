"""What became of elements that were seen before: the instances of a series share most of their headers."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Self
from weakref import WeakKeyDictionary

from services.anonymiser.dataset.tree import Element
from services.anonymiser.descriptors.known import Known
from services.anonymiser.profile.options import Option
from shared.events import Finding

_MOST_LEVELS, _MOST_ELEMENTS, _MOST_BYTES = 256, 4096, 128


@dataclass(slots=True)
class Told:
    """What cleaning came across. `carried`: options of PS3.15 E.3 that decided about at least one value; `words` of
    descriptions by tag and 'kept' or 'dropped'."""

    findings: list[Finding] = field(default_factory=list)
    carried: set[Option] = field(default_factory=set)
    words: Counter[tuple[int, str]] = field(default_factory=Counter)

    def add(self, other: Self) -> None:
        """As if it had come across the same."""
        self.findings += other.findings
        self.carried |= other.carried
        if other.words:
            self.words.update(other.words)

    def __bool__(self) -> bool:
        return bool(self.findings or self.carried or self.words)


Outcome = tuple[Element | None, Told | None]
"""What an element became, and what was told of it, if anything."""


class Level:
    """What became of the elements at one place of the objects of one subject. `of`: kept alive with it."""

    __slots__ = ("_found", "of")

    def __init__(self, of: object) -> None:
        self.of = of
        self._found: dict[tuple[int, str, bytes | memoryview], Outcome] = {}

    def get(self, element: Element) -> Outcome | None:
        """What an equal element became."""
        return self._found.get((element.tag, element.vr, element.value)) if _small(element) else None

    def put(self, element: Element, outcome: Outcome) -> None:
        """Remember it, unless it is large."""
        if _small(element):
            if len(self._found) >= _MOST_ELEMENTS:
                self._found.clear()
            self._found[element.tag, element.vr, element.value] = outcome


def _small(element: Element) -> bool:
    return len(element.value) <= _MOST_BYTES and element.vr != "SQ"


class Memory:
    """The levels of what one subject's objects know. Whatever a result depends on beside the element is in the key."""

    __slots__ = ("_levels",)

    def __init__(self) -> None:
        self._levels: dict[Hashable, Level] = {}

    @classmethod
    def of(cls, known: Known) -> "Memory":
        """That of the objects that know the same. It ends with `known`."""
        found = _MEMORIES.get(known)
        return found if found is not None else _MEMORIES.setdefault(known, cls())

    def level(self, *key: Hashable, said: object) -> Level:
        """That of `key` where `said` is said of its elements, by identity."""
        found = self._levels.get((key, id(said)))
        if found is None:
            if len(self._levels) >= _MOST_LEVELS:
                self._levels.clear()
            found = self._levels[key, id(said)] = Level(said)
        return found


_MEMORIES: WeakKeyDictionary[Known, Memory] = WeakKeyDictionary()
