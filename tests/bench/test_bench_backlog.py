"""What the measurement of waiting beside a backlog makes of its numbers, without anything to measure."""

import pytest

from shared.events import InstanceReceivedInBulk, InstanceThumbnailed
from tests.bench import backlog, pictured, told
from tests.bench.backlog import Found, Waited
from tests.bench.flooding import renamed
from tests.bench.pictured import Pictured
from tests.bench.side import Incomplete
from tests.support.events import quarantined, received


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Pictured:
    monkeypatch.setattr(pictured, "end_offsets", lambda *_: {})
    return Pictured("nowhere", patience=0.1)


def has_picture(arrival: str, site: str) -> InstanceThumbnailed:
    return InstanceThumbnailed.model_construct(arrival=arrival, site=site)


def test_times_and_what_is_left_are_of_one_site_on_whatever_lane(seen: Pictured) -> None:
    seen.take(received(arrival="a" * 32, sop_instance_uid="1.1", site="site-b"), 1.0)
    in_bulk = received(arrival="b" * 32, sop_instance_uid="1.2", site="site-b")
    seen.take(InstanceReceivedInBulk.model_construct(**dict(in_bulk)), 2.0)
    seen.take(received(arrival="c" * 32, sop_instance_uid="1.3"), 3.0)
    seen.take(has_picture("b" * 32, "site-b"), 4.0)
    assert (seen.left("site-a"), seen.left("site-b")) == (1, 1)
    assert (seen.in_bulk["site-a"], seen.in_bulk["site-b"]) == (0, 1)
    with pytest.raises(Incomplete, match="all of the small site"):
        seen.times(["1.1", "1.2"])
    seen.take(has_picture("a" * 32, "site-b"), 5.0)
    assert seen.times(["1.1", "1.2"]) == [5.0, 4.0]
    with pytest.raises(Incomplete, match="there are not: 1 of site-a"):
        seen.wait_for("site-a", 1)


def test_a_picture_may_be_seen_before_its_arrival(seen: Pictured) -> None:
    """Topics are read in no order among them."""
    seen.take(has_picture("a" * 32, "site-b"), 4.0)
    with pytest.raises(Incomplete):
        seen.times(["1.1"])
    seen.take(received(arrival="a" * 32, sop_instance_uid="1.1", site="site-b"), 5.0)
    assert seen.times(["1.1"]) == [4.0]


def test_what_is_held_waits_no_longer(seen: Pictured) -> None:
    seen.take(received(arrival="a" * 32, sop_instance_uid="1.1"), 1.0)
    seen.take(quarantined(arrival="a" * 32), 2.0)
    assert (seen.left("site-a"), seen.held) == (0, 1)
    assert seen.times(["1.1"]) == [2.0]
    seen.wait_for("site-a", 1)


def test_ratios_are_of_the_same_kind_alone() -> None:
    alone = [Waited("live", [number / 100 for number in range(1, 201)], 0, 0), Waited("ten in bulk", [2.0] * 10, 0, 0)]
    beside = [Waited("live", [3.0] * 199 + [9.0], 900, 800), Waited("ten in bulk", [4.0] * 9 + [8.0], 800, 700)]
    lines = list(told.table(backlog.COLUMNS, backlog.rows(Found(alone, beside, 700, 0, 1.0, 2.0))))[2:]
    assert lines == [
        "| live, alone | 200 | 0 / 0 | 1.01 | 1.99 | 2.00 |  |  |",
        "| ten in bulk, alone | 10 | 0 / 0 | 2.00 | 2.00 | 2.00 |  |  |",
        "| live, beside the backlog | 200 | 900 / 800 | 3.00 | 3.00 | 9.00 | 2.97 | 1.51 |",
        "| ten in bulk, beside the backlog | 10 | 800 / 700 | 4.00 | 8.00 | 8.00 | 2.00 | 4.00 |",
    ]


def test_the_backlog_is_of_small_instances_of_several_studies_and_none_twice() -> None:
    load = backlog.of_a(3)
    made = [renamed(*load[number % 3], number) for number in range(9)]
    assert len(dict(made)) == len({data_set for _, data_set in made}) == 9
    assert all(len(data_set) < 20_000 and sop.encode() in data_set for sop, data_set in made)
