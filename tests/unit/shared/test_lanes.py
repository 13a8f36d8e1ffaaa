"""What came in bulk stays on topics of its own, and is the same fact."""

import pytest

from shared.events import InstanceAnonymisedInBulk, Outgoing, registry
from shared.events.lanes import IN_BULK, Lane, kept
from tests.support.events import anonymised, committed


@pytest.mark.parametrize("lane", ["bulk", "rerun"])
def test_what_came_in_bulk_goes_on_in_bulk_as_the_same_fact(lane: Lane) -> None:
    live = Outgoing.of(anonymised())
    told = kept(live, lane)
    assert isinstance(told.event, InstanceAnonymisedInBulk)
    assert told.event.topic == "clean.instance.anonymised.bulk"
    assert told.event.model_dump_json(exclude_none=True) == live.event.model_dump_json(exclude_none=True)
    assert (told.id, told.key) == (live.id, "site-a")
    assert Outgoing.of(told.event).id == live.id


def test_what_is_live_stays_where_it_is_and_so_does_what_has_one_topic() -> None:
    live, picture = Outgoing.of(anonymised()), Outgoing.of(committed(1, "site-a", "2027-01-01T00:00:00Z"))
    assert kept(live, "live") is live
    assert kept(picture, "bulk") is picture


def test_every_topic_for_bulk_is_known_and_told_apart() -> None:
    in_bulk = {model for model in registry.models() if model.topic.endswith(".bulk")}
    assert in_bulk == set(IN_BULK.values())
    for live, bulk in IN_BULK.items():
        assert issubclass(bulk, live)
        assert bulk.topic == f"{live.topic}.bulk"
        assert bulk.fact_name() == live.fact_name()
