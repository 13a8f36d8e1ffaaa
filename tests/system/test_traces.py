"""One trace for each instance, from the association to the picture; in the store, and in the terminal."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import ct
from tests.support.pipeline import RECEIVED, Pipeline
from tests.support.stack import ROOT, Stack
from tests.support.waiting import until

COLLECTION = 500
WAY = (
    ("receiver", "anonymiser"),
    ("anonymiser", "validator"),
    ("validator", "indexer"),
    ("validator", "thumbnailer"),
)
"""Who called whom."""

Spans = list[dict[str, Any]]


@pytest.fixture(scope="module")
def instance(pipeline: Pipeline) -> dict[str, Any]:
    """Our event about one image, with the `trace_id` that it was received under."""
    image = ct(COLLECTION, 1)
    assert send_all(pipeline.stack.dicom_port, [image]) == [SUCCESS]
    ours = pipeline.arrived(image.sop_instance_uid)
    records = pipeline.topics.records(RECEIVED)
    (record,) = (record for record in records if record.event().get("arrival") == ours["arrival"])
    return ours | {"trace_id": (record.header("traceparent") or "").split("-")[1]}


def spans_of(stack: Stack, trace_id: str) -> Spans:
    answer = httpx.get(f"{stack.trace_store}/api/v2/trace/{trace_id}", timeout=10)
    return list(answer.json()) if answer.status_code == 200 else []


def service(span: dict[str, Any]) -> str:
    return str(span["localEndpoint"]["serviceName"])


def calls(spans: Spans) -> set[tuple[str, str]]:
    """Pairs of services of which the second one's span is a child of the first one's."""
    by_id = {span["id"]: span for span in spans}
    return {(service(by_id[span["parentId"]]), service(span)) for span in spans if span.get("parentId") in by_id}


def test_the_trace_tells_the_whole_way(stack: Stack, instance: dict[str, Any]) -> None:
    trace_id = instance["trace_id"]
    until(lambda: set(WAY) <= calls(spans_of(stack, trace_id)), "all spans are in the trace store", 20)
    spans = spans_of(stack, trace_id)
    (root,) = (span for span in spans if "parentId" not in span)
    assert service(root) == "receiver"
    assert root["tags"]["isocentre.site"] == "site-a"
    # By parent and not by name: the indexer also listens to what comes before its own step.
    by_id = {span["id"]: span for span in spans}
    for span in spans:
        if "parentId" in span:
            assert by_id[span["parentId"]]["timestamp"] <= span["timestamp"]


def test_all_records_of_an_instance_carry_its_trace(pipeline: Pipeline, instance: dict[str, Any]) -> None:
    topics = [name for name in pipeline.topics.names() if ".instance." in name]
    about = [
        record for record in pipeline.topics.records(*topics) if record.event().get("arrival") == instance["arrival"]
    ]
    assert len(about) == 5
    assert {(record.header("traceparent") or "--").split("-")[1] for record in about} == {instance["trace_id"]}


def isocentre_trace(stack: Stack, named: str, *options: str) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name("isocentre")
    command = [str(script), "trace", named, "--home", str(stack.home), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", ["trace_id", "sop_instance_uid", "study_instance_uid", "arrival"])
def test_the_command_prints_it(name: str, stack: Stack, instance: dict[str, Any]) -> None:
    until(lambda: set(WAY) <= calls(spans_of(stack, instance["trace_id"])), "all spans are in the trace store", 20)
    said = isocentre_trace(stack, instance[name])
    assert said.returncode == 0, said.stderr
    for step in ("receiver", "anonymiser", "validator", "indexer", "thumbnailer"):
        assert step in said.stdout
    assert instance["trace_id"] in json.loads(isocentre_trace(stack, instance[name], "--json").stdout)


@pytest.mark.parametrize("named", ["0" * 31 + "1", "2.25.1234567890", "nonsense"])
def test_an_unknown_id_is_an_error(named: str, stack: Stack) -> None:
    said = isocentre_trace(stack, named)
    assert said.returncode != 0
    assert said.stdout == ""
    assert "Traceback" not in said.stderr
