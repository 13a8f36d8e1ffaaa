"""What the measurement of sweeps makes of its numbers, without anything to measure."""

import time
from pathlib import Path

import pytest

from shared.dicom.raw_object import arrived
from shared.storage import TreeStore
from tests.bench import sweeping, told
from tests.bench.side import Incomplete
from tests.bench.sweeping import Cost


def test_small_objects_are_found_as_arrivals_and_are_what_they_are_named_after(tmp_path: Path) -> None:
    (tmp_path / "identified").mkdir()
    made = list(sweeping.small(3))
    sweeping.place(tmp_path / "identified", made)
    assert {found.key for found in TreeStore(tmp_path, "identified").listed()} == {one.key for one in made}
    assert {arrived(one.key) for one in made} == {one.of for one in made}
    assert {sweeping.output(one).topic for one in made} == {"identified.instance.received.bulk"}


def test_a_cost_is_told_for_each() -> None:
    row = "| an object | tree | 500 | 2.000 | 0.500 |"
    assert row in told.table(sweeping.COLUMNS, sweeping.rows([Cost("an object", "tree", 500, 1.0, 0.25)]))


def test_time_is_taken_of_work_that_did_what_it_should() -> None:
    def nap() -> int:
        time.sleep(0.02)
        return 1

    cost = sweeping.timed("a nap", "tree", 1, nap)
    assert cost.cpu_seconds < 0.02 <= cost.seconds
    with pytest.raises(Incomplete, match="a nap, tree: 2 instead of 1"):
        sweeping.timed("a nap", "tree", 1, lambda: 2)
