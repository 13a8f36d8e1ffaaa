"""Facts about the same things become the same rows, in whatever order, portions and how often they are told."""

from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bookkeeper.folding import Fold
from services.bookkeeper.lines import KEYS, Arrival, Copy, Letter, Line, Verdict, groups
from tests.support.ledger_events import minute

KINDS = tuple(KEYS)
_TIMES = st.none() | st.integers(0, 4).map(minute)
_TEXTS = st.none() | st.sampled_from(["a", "b", "c"])
_NUMBERS = st.none() | st.integers(0, 3)


def _values(kind: type[Line], name: str) -> st.SearchStrategy[object]:
    if name in kind._fields[: KEYS[kind]]:
        return st.sampled_from(["x", "y"])
    annotation = str(kind.__annotations__[name])
    if "datetime" in annotation:
        return _TIMES
    if "bool" in annotation:
        return st.booleans()
    return _NUMBERS if "int" in annotation else _TEXTS


def rows(kind: type[Line]) -> st.SearchStrategy[Line]:
    return st.tuples(*(_values(kind, name) for name in kind._fields)).map(lambda values: _whole(kind(*values)))


def _whole(line: Line) -> Line:
    """Without what stands in a group whose first column is missing: no event tells such a thing."""
    missing = [group.columns for group in groups(type(line)) if getattr(line, group.columns[0]) is None]
    return line._replace(**{name: None for columns in missing for name in columns})


LINES = st.one_of(*(rows(kind) for kind in KINDS))


def folded(*portions: list[Line]) -> list[set[Line]]:
    fold = Fold()
    for portion in portions:
        fold.add(portion)
    return [set(fold.of(kind)) for kind in (Arrival, Verdict, Copy, Letter)]


@settings(max_examples=60)
@given(st.data(), st.lists(LINES, max_size=8))
def test_order_does_not_matter(data: st.DataObject, lines: list[Line]) -> None:
    assert folded(lines) == folded(data.draw(st.permutations(lines)))


@settings(max_examples=60)
@given(st.data(), st.lists(LINES, max_size=8))
def test_nor_do_repeats(data: st.DataObject, lines: list[Line]) -> None:
    again = data.draw(st.lists(st.sampled_from(lines), max_size=6)) if lines else []
    assert folded(lines, again) == folded(lines)


@settings(max_examples=60)
@given(st.lists(LINES, max_size=8), st.lists(st.integers(0, 8), max_size=3))
def test_nor_does_in_which_portions_they_are_merged(lines: list[Line], cuts: list[int]) -> None:
    """As the database does it: each portion is one row per key, merged with what was there."""
    places = [0, *sorted(cuts), len(lines)]
    portions = [folded(lines[start:end]) for start, end in pairwise(places)]
    merged = [[line for kind in portion for line in kind] for portion in portions]
    assert folded(*merged) == folded(lines)


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_is_merged_by_one_rule(kind: type[Line]) -> None:
    ruled = [name for group in groups(kind) for name in group.columns]
    assert sorted(ruled) == sorted(kind._fields[KEYS[kind] :])


def test_what_belongs_together_comes_from_one_fact() -> None:
    first = Copy("x", "d", rejected_at=minute(1), rejected_stage="validator", reason="pixel-length")
    later = Copy("x", "d", rejected_at=minute(2), rejected_stage="indexer")
    (row,) = folded([later, first])[2]
    assert row == first
    old = Verdict("x", "", "held", "overlay", "1", minute(1))
    new = Verdict("x", "", "rejected", "not-dicom", "2", minute(2))
    assert folded([new, old])[1] == {new}


def test_the_arrivals_that_a_batch_is_about() -> None:
    fold = Fold()
    fold.add([Arrival("a"), Copy("b", "d"), Letter("l", arrival="c"), Letter("m")])
    assert fold.touched() == {"a", "b", "c"}


def test_a_time_is_the_earliest_that_is_known() -> None:
    times: list[datetime | None] = [None, minute(3), minute(1), None]
    (row,) = folded([Copy("x", "d", indexed_at=time) for time in times])[2]
    assert isinstance(row, Copy)
    assert row.indexed_at == minute(1)
