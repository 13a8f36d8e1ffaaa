"""What every service tells of itself: health, metrics, logs."""

import json
import re

import httpx
import pytest

from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import Item, ct
from tests.support.pipeline import RECEIVED, Pipeline
from tests.support.stack import SERVICES, Stack
from tests.support.waiting import until

COLLECTION = 600
STAGES = ("anonymiser", "validator", "indexer", "thumbnailer")


@pytest.mark.parametrize("service", SERVICES)
def test_health(service: str, stack: Stack) -> None:
    for path in ("livez", "readyz"):
        until(lambda: httpx.get(f"{stack.health_url(service)}/{path}", timeout=10).status_code == 200, f"{path} is 200")  # noqa: B023
    answer = httpx.get(f"{stack.health_url(service)}/metrics", timeout=10)
    assert answer.status_code == 200
    assert "# TYPE isocentre_" in answer.text
    assert httpx.get(f"{stack.health_url(service)}/nothing", timeout=10).status_code == 404


@pytest.mark.parametrize("stage", STAGES)
def test_rate_errors_duration_and_lag_of_a_stage(stage: str, pipeline: Pipeline) -> None:
    stack, image = pipeline.stack, ct(COLLECTION, STAGES.index(stage))

    def handled() -> float:
        return stack.metric(stage, "isocentre_stage_records_total", stage=stage, outcome="done")

    before = handled()
    assert send_all(stack.dicom_port, [image]) == [SUCCESS]
    pipeline.arrived(image.sop_instance_uid)
    until(lambda: handled() > before, "the record is counted", 5)
    assert stack.metric(stage, "isocentre_stage_handle_seconds_count", stage=stage) > 0
    assert stack.metric(stage, "isocentre_stage_age_seconds_count", stage=stage) > 0
    until(lambda: stack.metric(stage, "isocentre_stage_lag_records", stage=stage) == 0, "nothing is behind", 10)


@pytest.mark.parametrize("service", SERVICES)
def test_logs_are_json_line_by_line(service: str, stack: Stack) -> None:
    lines = stack.log(service).read_text().splitlines()
    assert lines
    for line in lines:
        told = json.loads(line)
        assert told["service"] == service
        assert {"event", "level", "timestamp"} <= told.keys()
        assert re.fullmatch("[0-9a-f]{32}", told.get("trace_id") or "0" * 32)


def test_a_line_about_an_instance_carries_its_trace(pipeline: Pipeline) -> None:
    image = ct(COLLECTION, 10)
    broken = Item(image.sop_class_uid, image.sop_instance_uid, image.data_set[:-3000])
    assert send_all(pipeline.stack.dicom_port, [broken]) == [SUCCESS]
    arrival = pipeline.arrival(image.sop_instance_uid)
    pipeline.held(arrival, "identified.instance.rejected")
    records = pipeline.topics.records(RECEIVED)
    (record,) = (record for record in records if record.event().get("arrival") == arrival)
    trace_id = (record.header("traceparent") or "").split("-")[1]

    def told() -> list[dict[str, str]]:
        lines = map(json.loads, pipeline.stack.log("anonymiser").read_text().splitlines())
        return [line for line in lines if line.get("trace_id") == trace_id]

    (line,) = until(told, "the anonymiser logs it", 5)
    assert line["reason"] == "undecodable"
