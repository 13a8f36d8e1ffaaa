"""Many facts as few rows: in any order, any portions and with any repeats the same."""

from collections.abc import Iterable
from typing import Any, TypeVar

from services.bookkeeper.lines import KEYS, Arrival, Copy, Letter, Line, Verdict, groups, key

T = TypeVar("T", Arrival, Verdict, Copy, Letter)


_PLACES = {
    kind: [(item.columns, [kind._fields.index(name) for name in item.columns], item.rule) for item in groups(kind)]
    for kind in KEYS
}
"""Of each group of columns: their names, where they stand in a row, and which values win."""


class Fold:
    """The rows of a batch, one for each thing that it is about."""

    def __init__(self) -> None:
        self._found: dict[type[Line], dict[tuple[Any, ...], Line]] = {kind: {} for kind in KEYS}

    def add(self, lines: Iterable[Line]) -> None:
        """Take some more in."""
        for line in lines:
            known = self._found[type(line)]
            place = key(line)
            earlier = known.get(place)
            known[place] = line if earlier is None else _merged(earlier, line)

    def of(self, kind: type[T]) -> list[T]:
        """The rows of one kind."""
        return [line for line in self._found[kind].values() if isinstance(line, kind)]

    def touched(self) -> set[str]:
        """The arrivals that these rows are about."""
        return {line.arrival for known in self._found.values() for line in known.values() if line.arrival is not None}


def _merged(one: Line, other: Line) -> Line:
    changed: dict[str, Any] = {}
    for names, places, rule in _PLACES[type(one)]:
        first = places[0]
        if other[first] is None or (other[first] == one[first] and len(places) == 1):
            continue  # nearly always
        mine, new = [one[place] for place in places], [other[place] for place in places]
        if rule == "all" and mine[0] is not None:
            changed[names[0]] = " ".join(sorted({*str(mine[0]).split(), *str(new[0]).split()}))
        elif mine[0] is None or (_rank(mine) < _rank(new)) is (rule == "last"):
            changed.update(zip(names, new, strict=True))
    return one._replace(**changed) if changed else one


def _rank(values: list[Any]) -> tuple[Any, ...]:
    """As PostgreSQL compares them in `tables`: the first is there, and what is missing counts as empty."""
    return (values[0], *("" if value is None else value for value in values[1:]))
