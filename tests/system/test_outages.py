"""Store or broker stand still: the sender keeps its copy, and afterwards nothing is lost or doubled."""

import time

import pytest

from tests.support.dicom import OUT_OF_RESOURCES, SUCCESS, association, send
from tests.support.generated import ct
from tests.support.pipeline import Pipeline
from tests.support.waiting import until

COLLECTION = 400
BOUND = 45.0
"""Seconds within which a sender must have its answer; many wait for a minute."""


@pytest.mark.parametrize("component", ["versitygw", "kafka"])
def test_the_sender_is_told_and_nothing_is_lost(component: str, pipeline: Pipeline) -> None:
    stack = pipeline.stack
    first = {"versitygw": 0, "kafka": 10}[component]
    before, during, after = (ct(COLLECTION, first + number) for number in range(3))
    with association(stack.dicom_port, [before]) as opened:
        assert send(opened, before) == SUCCESS
        with stack.stopped(component):
            began = time.monotonic()
            assert send(opened, during) == OUT_OF_RESOURCES
            assert time.monotonic() - began < BOUND
        answers = until(lambda: [status] if (status := send(opened, during)) == SUCCESS else [], "success", 60)
        assert answers == [SUCCESS]
        assert send(opened, after) == SUCCESS
    assert stack.metric("receiver", "isocentre_receive_instances_total", site="site-a", status="A700") >= 1
    for image in (before, during, after):
        arrivals = {event["arrival"] for event in pipeline.received(image.sop_instance_uid)}
        (arrival,) = arrivals
        steps = pipeline.finished(arrival, 60)
        assert steps["indexer"] == ("indexed", None), steps
        assert steps["thumbnailer"] == ("thumbnailed", None), steps
        assert stack.rows("SELECT count(*) FROM instance WHERE arrival = %s", arrival) == [(1,)]
        (key,) = {event["key"] for event in pipeline.received(image.sop_instance_uid)}
        assert stack.read("identified", key).endswith(image.data_set)
