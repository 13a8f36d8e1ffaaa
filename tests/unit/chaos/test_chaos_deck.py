"""The rounds of `make chaos` are the same for the same seed, and leave nothing out."""

import pytest

from tests.chaos.rounds.deck import LASTING, LEVELS, TARGETS, deal
from tests.chaos.rounds.faults import HARMS

ALL = {(kind, target) for kind, targets in TARGETS.items() for target in targets}


def test_the_same_seed_deals_the_same_rounds() -> None:
    assert deal(7, 40) == deal(7, 40)
    assert deal(7, 40) != deal(8, 40)
    assert deal(7, 10) == deal(7, 40)[:10]


@pytest.mark.parametrize("seed", range(20))
def test_forty_rounds_hold_every_fault_of_every_target(seed: int) -> None:
    dealt = deal(seed, 40)
    assert {(fault.kind, fault.target) for one in dealt for fault in one.faults} == ALL
    assert sum(len(one.faults) == 2 for one in dealt) == 16


@pytest.mark.parametrize("seed", range(20))
def test_each_kind_comes_before_any_comes_twice(seed: int) -> None:
    kinds = [fault.kind for one in deal(seed, 40) for fault in one.faults]
    assert set(kinds[: len(TARGETS)]) == set(TARGETS)


def test_a_choice_of_kinds_is_kept_to() -> None:
    assert {fault.kind for one in deal(3, 30, ["kill", "poison"]) for fault in one.faults} == {"kill", "poison"}


def test_every_kind_can_be_done_and_told() -> None:
    assert TARGETS.keys() == HARMS.keys() == LEVELS.keys() == LASTING.keys()
    for one in deal(1, 200):
        for fault in one.faults:
            least, most = LASTING[fault.kind]
            assert least <= fault.seconds <= most
            assert str(fault).startswith(f"{fault.kind}: {fault.target} (")
