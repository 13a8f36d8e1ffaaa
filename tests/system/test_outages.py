"""Store or broker stand still: the sender keeps its copy, and afterwards nothing is lost or doubled."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from tests.support.canaries import Canaries
from tests.support.dicom import OUT_OF_RESOURCES, SUCCESS, association, send
from tests.support.generated import ct
from tests.support.pipeline import Pipeline
from tests.support.session import started
from tests.support.waiting import until

COLLECTION = 400
BOUND = 45.0
"""Seconds within which a sender must have its answer; many wait for a minute."""


@pytest.fixture
def by_s3(request: pytest.FixtureRequest) -> Iterator[Pipeline]:
    """A stack whose services write through the S3 server."""
    with started(request, Canaries("outage"), Canaries("another outage"), "s3") as stack:
        yield Pipeline(stack)


def test_the_broker_stands_still(pipeline: Pipeline) -> None:
    check_that_nothing_is_lost(pipeline, pipeline.stack.stopped("kafka"), 0)


def test_the_disk_of_the_store_is_gone(pipeline: Pipeline) -> None:
    check_that_nothing_is_lost(pipeline, pipeline.stack.unmounted(), 10)


@pytest.mark.chaos
def test_the_server_of_the_store_stands_still(by_s3: Pipeline) -> None:
    check_that_nothing_is_lost(by_s3, by_s3.stack.stopped("versitygw"), 0)


def test_a_receiver_that_writes_files_needs_no_server(pipeline: Pipeline) -> None:
    image = ct(COLLECTION, 20)
    with pipeline.stack.stopped("versitygw"), association(pipeline.stack.dicom_port, [image]) as opened:
        assert send(opened, image) == SUCCESS
    check_end(pipeline, image.sop_instance_uid, image.data_set)


def check_that_nothing_is_lost(pipeline: Pipeline, away: AbstractContextManager[None], first: int) -> None:
    stack = pipeline.stack
    before, during, after = (ct(COLLECTION, first + number) for number in range(3))
    refused = stack.metric("receiver", "isocentre_receive_instances_total", site="site-a", status="A700")
    with association(stack.dicom_port, [before]) as opened:
        assert send(opened, before) == SUCCESS
        with away:
            began = time.monotonic()
            assert send(opened, during) == OUT_OF_RESOURCES
            assert time.monotonic() - began < BOUND
        answers = until(lambda: [status] if (status := send(opened, during)) == SUCCESS else [], "success", 60)
        assert answers == [SUCCESS]
        assert send(opened, after) == SUCCESS
    assert stack.metric("receiver", "isocentre_receive_instances_total", site="site-a", status="A700") > refused
    for image in (before, during, after):
        check_end(pipeline, image.sop_instance_uid, image.data_set)


def check_end(pipeline: Pipeline, sop_instance_uid: str, data_set: bytes) -> None:
    """Indexed and drawn once, and its raw bytes as they were sent."""
    stack = pipeline.stack
    arrivals = {event["arrival"] for event in pipeline.received(sop_instance_uid)}
    (arrival,) = arrivals
    steps = pipeline.finished(arrival, 60)
    assert steps["indexer"] == ("indexed", None), steps
    assert steps["thumbnailer"] == ("thumbnailed", None), steps
    assert stack.rows("SELECT count(*) FROM instance WHERE arrival = %s", arrival) == [(1,)]
    (key,) = {event["key"] for event in pipeline.received(sop_instance_uid)}
    assert stack.read("identified", key).endswith(data_set)
