"""A patient is erased: nothing of him is left or comes back, and nothing happens to anybody else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import ct
from tests.support.pipeline import LANES, RECEIVED, Pipeline
from tests.support.stack import ROOT as CHECKOUT
from tests.support.waiting import until

COLLECTION = 350
SITE, TITLE = "site-erased", "ERASED"
GONE, STAYS = (f"PAT-{COLLECTION}-{study}" for study in (0, 1))
BUCKETS = ("identified", "clean", "derived")
REPLAYED = (*LANES[RECEIVED], *LANES["clean.instance.anonymised"], *LANES["clean.instance.validated"])


class Eraser:
    """Somebody at the command line of the node, with a file of whom to erase."""

    def __init__(self, pipeline: Pipeline, folder: Path) -> None:
        self._home, self._file, self._receipt = str(pipeline.stack.home), folder / "wanted.csv", folder / "receipt.json"
        self._file.write_text(f"site,patient_id\n{SITE},{GONE}\n")
        self._file.chmod(0o600)

    def __call__(self, *arguments: str) -> str:
        command = [sys.executable, "-c", "from infra.cli import main; main()", "erase", "--home", self._home]
        command += ["--patient-from", str(self._file), "--ground", "consent-withdrawn", *arguments]
        command += ["--receipt", str(self._receipt)]
        said = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=200, check=False)
        assert said.returncode == 0, said.stderr
        assert GONE not in said.stdout + said.stderr
        return said.stdout + said.stderr

    def receipt(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self._receipt.read_text())
        return told


def objects(pipeline: Pipeline, arrival: str) -> set[tuple[str, str]]:
    """All that the topics name of this arrival, and is in the store."""
    topics = ("identified.instance.received", "clean.instance.anonymised", "clean.instance.thumbnailed")
    events = [event for topic in topics for event in pipeline.topics.events(topic, arrival=arrival)]
    named = {str(event[field]) for event in events for field in ("key", "header_key", "picture") if event.get(field)}
    return {(bucket, key) for bucket in BUCKETS for name in named for key in pipeline.stack.keys(bucket, name)}


def instances(pipeline: Pipeline, study: str) -> int:
    """As QIDO-RS tells (PS3.18 Section 10.6)."""
    found = httpx.get(f"{pipeline.stack.gateway}/studies/{study}/instances", timeout=20)
    return len(found.json()) if found.status_code == 200 else 0


@pytest.mark.timeout(420)
def test_a_patient_is_erased_for_good_and_nobody_else(pipeline: Pipeline, tmp_path: Path) -> None:
    stack, topics, eraser = pipeline.stack, pipeline.topics, Eraser(pipeline, tmp_path)
    items = [ct(COLLECTION, number, studies=2) for number in range(4)]
    assert send_all(stack.dicom_port, items, calling=TITLE) == [SUCCESS] * 4
    arrived = [pipeline.arrived(item.sop_instance_uid) for item in items]
    gone, stay = arrived[0::2], arrived[1::2]
    studies = gone[0]["study_instance_uid"], stay[0]["study_instance_uid"]
    until(lambda: topics.events("clean.study.updated", study_instance_uid=studies[0], instances=2), "his study is told")
    assert {bucket for one in gone for bucket, _ in objects(pipeline, one["arrival"])} == set(BUCKETS)
    before = [record for record in topics.records(*REPLAYED) if record.event().get("arrival") == gone[0]["arrival"]]
    untouched = [objects(pipeline, one["arrival"]) for one in stay]

    assert "2 arrivals, 0 of them erased before" in eraser("--dry-run")
    assert instances(pipeline, studies[0]) == 2
    eraser("--yes")

    def nothing_is_left() -> None:
        ours = [one["arrival"] for one in gone]
        assert [objects(pipeline, arrival) for arrival in ours] == [set(), set()]
        for table in ("instance", "journey"):
            assert stack.rows(f"SELECT FROM {table} WHERE arrival = ANY(%s)", ours) == []
        for table in ("study", "series"):
            assert stack.rows(f"SELECT FROM {table} WHERE study_instance_uid = %s", studies[0]) == []
        assert stack.rows("SELECT FROM picture WHERE digest = ANY(%s)", [one["digest"] for one in gone]) == []
        assert stack.rows("SELECT FROM patient WHERE patient_id = %s", gone[0]["patient_id"]) == []
        assert instances(pipeline, studies[0]) == 0
        assert instances(pipeline, studies[1]) == 2
        assert [objects(pipeline, one["arrival"]) for one in stay] == untouched

    nothing_is_left()
    receipt = eraser.receipt()
    assert receipt["complete"]
    assert {one["arrival"] for one in receipt["arrivals"]} == {one["arrival"] for one in gone}
    assert receipt["deleted"] == dict.fromkeys(BUCKETS, 2)
    assert "topic identified.instance.received" in {one["where"] for one in receipt["remains"]}

    # The study is taken from the topics that keep the newest of each; the ledger knows that two came, and no more.
    def tombstones() -> set[str]:
        told = ("clean.study.updated", "clean.study.completed", "clean.study.reopened")
        newest = {(one.topic, one.key): one.value for one in topics.records(*told)}
        return {topic for (topic, key), value in newest.items() if key == studies[0].encode() and value is None}

    until(lambda: "clean.study.updated" in tombstones(), "nothing is told of his study any more")
    line = "SELECT state, raw_key, association IS NOT NULL FROM arrival WHERE arrival = %s"
    until(
        lambda: stack.ledger(line, gone[0]["arrival"]) == [("rejected", None, True)], "his line says only that he came"
    )
    assert stack.ledger("SELECT FROM copy WHERE arrival = %s", gone[0]["arrival"]) == []

    # What comes late of him, at any step, or is sent again, changes nothing.
    for record in before:
        topics.publish(record)
    assert send_all(stack.dicom_port, items[:1], calling=TITLE) == [SUCCESS]
    until(lambda: caught_up(pipeline), "all that came late is handled")
    nothing_is_left()

    assert "nothing to do" in eraser("--yes")


def caught_up(pipeline: Pipeline) -> bool:
    """Whether the stages have passed over what came again: the index two records, and everyone else one each."""
    skipped = pipeline.stack.metric("indexer", "isocentre_stage_records_total", outcome="skip", reason="erased")
    others = [
        pipeline.stack.metric(stage, "isocentre_stage_records_total", outcome="skip", reason="erased")
        for stage in ("anonymiser", "thumbnailer")
    ]
    return skipped >= 2 and min(others) >= 1
