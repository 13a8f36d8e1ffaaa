"""Which of a profile's conditional rules apply to an object, and the compiled decisions for them."""

from collections.abc import Sequence

from services.anonymiser.dataset.tree import Item, find
from services.anonymiser.profile.model import Match, Profile, Rule
from services.anonymiser.profile.paths import parsed
from services.anonymiser.profile.rules import Rules
from services.anonymiser.standard.table import Table


class Selection:
    """Compiled rules of one profile, by which of its conditional rules apply."""

    def __init__(self, profile: Profile, table: Table) -> None:
        self._profile = profile
        self._table = table
        self._compiled: dict[tuple[int, ...], Rules] = {}

    def of(self, elements: Item) -> tuple[Rules, bool]:
        """The decisions for this object (as it was sent), and whether the profile wants it held."""
        active = tuple(n for n, rule in enumerate(self._profile.rules) if applies(rule, elements))
        if active not in self._compiled:
            chosen = [self._profile.rules[n] for n in active]
            attributes = (*self._profile.attributes, *(one for rule in chosen for one in rule.attributes))
            self._compiled[active] = Rules(self._profile, attributes, self._table)
        return self._compiled[active], any(self._profile.rules[n].hold for n in active)


def applies(rule: Rule, elements: Item) -> bool:
    """Whether all conditions of `rule` hold for the object."""
    return all(_holds(match, _values(elements, path)) for path, match in rule.when.items())


def _holds(match: Match, values: Sequence[str]) -> bool:
    if match.absent is not None and match.absent is bool(values):
        return False
    if match.equals and not {one.casefold() for one in match.equals} & set(values):
        return False
    return not match.contains or any(part.casefold() in value for part in match.contains for value in values)


def _values(elements: Item, path: str) -> list[str]:
    """The values at `path` below the top level, in lower case; what decides is ASCII, so all is read as Latin-1."""
    levels: list[Item] = [elements]
    *above, last = parsed(path).steps
    for step in above:
        levels = [item for level in levels if (sequence := find(level, int(step, 16))) for item in sequence.items]
    found = (find(level, int(last, 16)) for level in levels)
    read = (bytes(element.value).decode("latin-1") for element in found if element is not None)
    return [word.strip(" \0").casefold() for words in read for word in words.split("\\") if word.strip(" \0")]
