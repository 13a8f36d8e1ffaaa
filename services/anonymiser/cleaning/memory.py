"""What became of elements that were seen before: the instances of a series share most of their headers."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Self

from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.profile.options import Option
from shared.events import Finding

MOST_LEVELS, MOST_ELEMENTS, MOST_BYTES = 1024, 20_000, 128
MOST_INSIDE = 128
"""Elements and items of a sequence that is remembered as a whole."""


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
        for counted, number in other.words.items():
            self.words[counted] += number

    def __bool__(self) -> bool:
        return bool(self.findings or self.carried or self.words)


Outcome = tuple[Element | None, Told | None]
"""What an element became, and what was told of it, if anything."""


class Level:
    """What became of the elements at one place of the objects of one subject."""

    __slots__ = ("_found", "said")

    def __init__(self, said: object) -> None:
        self.said = said
        """Kept alive: it is known by its identity."""
        self._found: dict[tuple[int, str, bytes | memoryview], Outcome] = {}

    def get(self, element: Element) -> Outcome | None:
        """What an equal element became."""
        value = _known_by(element)
        return None if value is None else self._found.get((element.tag, element.vr, value))

    def put(self, element: Element, value: bytes | memoryview, outcome: Outcome) -> None:
        """Remember it by what it is `_known_by`."""
        self._found[element.tag, element.vr, value] = outcome


class Memory:
    """What one engine remembers: of its latest subjects, and of so many elements in all. It stays in the process, in
    the identified zone. What a result depends on beside element and engine is in the key of a level."""

    __slots__ = ("_left", "_levels")

    def __init__(self) -> None:
        self._levels: dict[Hashable, Level] = {}
        self._left = MOST_ELEMENTS

    def level(self, *key: Hashable, said: object) -> Level:
        """That of `key` where `said` is said of its elements, by identity."""
        found = self._levels.get((key, id(said)))
        if found is None:
            if len(self._levels) >= MOST_LEVELS:
                self._forget()
            found = self._levels[key, id(said)] = Level(said)
        return found

    def remember(self, level: Level, element: Element, outcome: Outcome) -> None:
        """Unless it is large, or has private elements inside: `Told` does not tell what stays of them."""
        value = _known_by(element)
        if value is None:
            return
        if self._left <= 0:
            self._forget()
        self._left -= 1
        level.put(element, value, outcome)

    def _forget(self) -> None:
        self._levels.clear()
        self._left = MOST_ELEMENTS


def _known_by(element: Element) -> bytes | memoryview | None:
    """What two equal elements have in common. None for those that are not remembered: a look-up would read all of a
    picture."""
    value = _inside(element) if element.items else element.value
    return None if value is None or len(value) > MOST_BYTES or element.encapsulated else value


def _inside(sequence: Element) -> bytes | None:
    """A digest of what the items hold, at every depth: it may be people's names. None if it is not remembered."""
    held: list[object] = [len(sequence.items)]
    return blake2b(repr(held).encode("ascii")).digest() if _held(sequence.items, held) else None


def _held(items: tuple[Item, ...], held: list[object]) -> bool:
    for item in items:
        held.append(len(item))
        if len(held) + len(item) > MOST_INSIDE:
            return False
        for element in item:
            if len(element.value) > MOST_BYTES or element.tag & 0x10000:
                return False
            held.append((element.tag, element.vr, bytes(element.value), len(element.items), element.encapsulated))
            if element.items and not _held(element.items, held):
                return False
    return True
