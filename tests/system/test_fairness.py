"""A site that sends more than its share goes on in bulk, and whoever sends ten meanwhile does not."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import books
from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import ct
from tests.support.pipeline import LANES, Pipeline
from tests.support.waiting import until

COLLECTION = 970
FLOOD, TEN, BURST = 60, 10, 4
SITE = "site-flood"


def lanes(pipeline: Pipeline, topic: str, arrivals: set[str]) -> dict[str, int]:
    """How many of these arrivals each topic of a step tells of."""
    records = {name: pipeline.topics.records(name) for name in LANES[topic]}
    return {name: sum(record.event().get("arrival") in arrivals for record in found) for name, found in records.items()}


@pytest.mark.timeout(240)
def test_a_flood_gives_way_all_the_way_and_nothing_of_it_is_lost_or_twice(pipeline: Pipeline) -> None:
    stack = pipeline.stack
    flood = [ct(COLLECTION, number, studies=3) for number in range(FLOOD)]
    ten = [ct(COLLECTION + 1, number) for number in range(TEN)]
    dead_before = books.dead_letters(pipeline)
    with ThreadPoolExecutor(2) as pool:
        flooding = pool.submit(send_all, stack.dicom_port, flood, "FLOOD")
        assert send_all(stack.dicom_port, ten) == [SUCCESS] * TEN
        assert flooding.result() == [SUCCESS] * FLOOD
    assert send_all(stack.dicom_port, flood[-3:], "FLOOD") == [SUCCESS] * 3
    others = {pipeline.arrival(item.sop_instance_uid) for item in ten}
    until(lambda: books.pictures(pipeline, [SITE]) == FLOOD, "the flood has come all the way", 120)
    for arrival in others:
        assert pipeline.finished(arrival)["indexer"] == ("indexed", None)
    ours = {record.event()["arrival"] for record in books.records_of(pipeline, "identified.instance.received", [SITE])}
    for live, bulk in LANES.values():
        assert lanes(pipeline, live, others) == {live: TEN, bulk: 0}
        told = lanes(pipeline, live, ours)
        assert 1 <= told[live] <= BURST
        assert sum(told.values()) == FLOOD
    books.check(pipeline, {SITE: flood})
    assert books.dead_letters(pipeline) == dead_before
    assert stack.metric("receiver", "isocentre_receive_beyond_share_total", site=SITE) >= FLOOD - BURST
