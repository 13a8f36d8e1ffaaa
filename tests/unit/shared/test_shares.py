"""Which lane goes first: what is live, but for the least share of the others, by time."""

import pytest

from shared.events.lanes import Lane
from shared.kafka.shares import SLICE, TOGETHER, Shares

MOST = 64


def shares() -> Shares:
    return Shares({"bulk": 0.2, "rerun": 0.1})


def spent(tried: Shares, seconds: float, each: dict[Lane, float]) -> dict[Lane, float]:
    """How the time is shared among lanes that have more than enough, `each` of whose records take so long."""
    found: dict[Lane, float] = {}
    while sum(found.values()) < seconds:
        for lane in tried.order():
            if lane in each:
                break
            tried.empty(lane)
        records = tried.limit(lane, MOST)
        tried.spent(lane, records, records * each[lane])
        found[lane] = found.get(lane, 0) + records * each[lane]
    return found


def test_each_lane_gets_its_share_of_the_time_whatever_a_record_takes() -> None:
    found = spent(shares(), 1000, {"live": 0.01, "bulk": 0.2, "rerun": 0.001})
    assert found["bulk"] / sum(found.values()) == pytest.approx(0.2, abs=0.01)
    assert found["rerun"] / sum(found.values()) == pytest.approx(0.1, abs=0.01)


def test_the_share_of_an_empty_lane_is_the_others() -> None:
    assert spent(shares(), 10, {"bulk": 0.01}).keys() == {"bulk"}
    found = spent(shares(), 1000, {"live": 0.01, "rerun": 0.01})
    assert found["rerun"] / sum(found.values()) == pytest.approx(0.1, abs=0.01)
    found = spent(shares(), 100, {"bulk": 0.01, "rerun": 0.01})
    assert found["rerun"] / sum(found.values()) >= 0.1


def test_a_lane_that_was_empty_makes_up_for_nothing() -> None:
    tried = shares()
    spent(tried, 1000, {"live": 0.01})
    found = spent(tried, 10, {"live": 0.01, "bulk": 0.01, "rerun": 0.01})
    assert found["bulk"] <= 2 + 2 * SLICE


def test_a_lane_that_had_all_of_it_pays_for_nothing() -> None:
    tried = shares()
    spent(tried, 1000, {"bulk": 0.01})
    found = spent(tried, 10, {"live": 0.01, "bulk": 0.01})
    assert found["bulk"] >= 2 - 2 * SLICE


def test_time_with_a_dependency_away_is_not_all_charged() -> None:
    tried = shares()
    tried.spent("live", 10, 0.1)
    assert tried.order()[0] == "bulk"
    tried.spent("bulk", 10, 3600)
    found = spent(tried, 200, {"live": 0.01, "bulk": 0.01})
    assert found["bulk"] > 25


def test_what_gives_way_comes_in_slices_and_what_is_live_in_batches() -> None:
    tried = shares()
    assert tried.limit("live", MOST) == MOST
    assert tried.limit("bulk", MOST) == TOGETHER
    for _ in range(20):
        tried.spent("bulk", 10, 10 * SLICE / 16)
    assert tried.limit("bulk", MOST) == 16
    assert tried.limit("bulk", 8) == 8
    tried.spent("bulk", 1, 100)
    assert tried.limit("bulk", MOST) == TOGETHER
    assert tried.limit("live", MOST) == MOST


@pytest.mark.parametrize("wrong", [{"bulk": 0.0}, {"bulk": 0.5, "rerun": 0.5}, {"rerun": 1.0}])
def test_shares_leave_something_for_what_is_live(wrong: dict[Lane, float]) -> None:
    with pytest.raises(ValueError, match="shares of lanes"):
        Shares(wrong)
