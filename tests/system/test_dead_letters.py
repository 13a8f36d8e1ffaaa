"""Records that die are listed, requeued, die again or go through, and are discarded: nothing lost, nothing twice."""

import hashlib
import json
import secrets
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import Item, ct
from tests.support.pipeline import ANONYMISED, RECEIVED, Pipeline
from tests.support.stack import ROOT as CHECKOUT
from tests.support.topics import Record
from tests.support.waiting import until

COLLECTION = 330
SITE, TITLE = "site-dead", "DEAD"
MISSING, GARBAGE = "ObjectNotFound", "UndecodableEvent"


class Operator:
    """Somebody at the command line of the node."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._home, self._topics = str(pipeline.stack.home), pipeline.topics

    def __call__(self, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-c", "from infra.cli import main; main()", "dlq", *arguments, "--home", self._home]
        said = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)
        assert said.returncode == code, said.stderr
        return said.stdout

    def letters(self, *filters: str) -> list[dict[str, Any]]:
        """Letters one by one, the oldest first."""
        told: list[dict[str, Any]] = json.loads(self("list", "--each", "--json", *filters))
        return told

    def one(self, zone: str, requeues: int = 0, **fields: str) -> dict[str, Any]:
        """The only open letter that says so, once it is there."""
        wanted = {"requeues": requeues, **fields}
        until(lambda: self._topics.events(f"{zone}.dead-letter", **wanted), f"{fields} died {requeues + 1} times")
        (letter,) = [one for one in self.letters("--zone", zone) if wanted.items() <= one.items()]
        return letter


def dead_counted(pipeline: Pipeline) -> dict[str, int]:
    """How many of the site are dead for which reason, as the clean side knows it."""
    events = pipeline.topics.events("clean.site.counted", site=SITE)
    reasons: dict[str, int] = events[-1]["reasons"] if events else {}
    return {reason: count for reason, count in reasons.items() if reason.startswith("dead-lettered/")}


def without_bytes(pipeline: Pipeline, item: Item) -> tuple[str, str]:
    """The event of an arrival whose bytes the store does not have; returns the arrival, and where they belong."""
    (like,) = [record for record in pipeline.topics.records(RECEIVED) if record.event().get("site") == SITE]
    digest = hashlib.sha256(item.transfer_syntax_uid.encode() + item.data_set).hexdigest()
    arrival, key = secrets.token_hex(16), f"{SITE}/{digest[:2]}/{digest}.dcm"
    told = like.event() | {"arrival": arrival, "key": key, "digest": digest, "sop_instance_uid": item.sop_instance_uid}
    pipeline.topics.publish(replace(like, value=json.dumps(told).encode()))
    return arrival, key


@pytest.mark.timeout(420)
def test_dead_letters_end_as_people_want(pipeline: Pipeline) -> None:
    stack, topics, operator = pipeline.stack, pipeline.topics, Operator(pipeline)
    model, item = ct(COLLECTION, 0), ct(COLLECTION, 1)
    assert send_all(stack.dicom_port, [model], calling=TITLE) == [SUCCESS]
    arrival, key = without_bytes(pipeline, item)
    mark = secrets.token_hex(8)
    topics.publish(Record(RECEIVED, 0, 0, mark.encode(), b"{", (("ce_type", b"nothing of ours"),)))

    # Listed by cause, and shown.
    missing = operator.one("identified", error=MISSING, site=SITE)
    garbled = operator.one("identified", record_key=mark)
    groups = json.loads(operator("list", "--zone", "identified", "--json"))
    assert {(one["service"], one["reason"], one["error"]) for one in groups} >= {
        ("anonymiser", "unexpected", MISSING),
        ("anonymiser", "undecodable-event", GARBAGE),
    }
    assert item.sop_instance_uid not in operator("show", missing["letter"])
    assert item.sop_instance_uid in operator("show", missing["letter"], "--value")
    until(lambda: dead_counted(pipeline) == {"dead-lettered/unexpected": 1}, "one is counted as dead")

    # Requeued with the cause still there: dead again, and counted once.
    operator("requeue", missing["letter"], garbled["letter"])
    again = operator.one("identified", requeues=1, error=MISSING, site=SITE)
    assert again["first"] == missing["letter"]
    garbled_again = operator.one("identified", requeues=1, record_key=mark)
    assert garbled_again["source_offset"] == garbled["source_offset"]
    assert dead_counted(pipeline) == {"dead-lettered/unexpected": 1}

    # Discarded, for good.
    operator("discard", garbled_again["letter"], "--ground", "not-wanted", "--yes")
    operator("requeue", missing["letter"], garbled_again["letter"], code=5)

    # The cause is gone on this side, and there is one on the other.
    stack.put("identified", key, item.part10())
    stack.execute(f"ALTER TABLE instance ADD CONSTRAINT dying CHECK (site <> '{SITE}') NOT VALID")
    try:
        operator("requeue", "--error", MISSING, "--site", SITE, "--yes")
        clean = operator.one("clean", stage="indexer", site=SITE)
        assert clean["reason"] == "unexpected"
        assert topics.events("identified.dead-letter.settled", letter=again["letter"], state="resolved")
        until(lambda: dead_counted(pipeline) == {}, "nothing is counted as dead any more")
        operator("requeue", clean["letter"])
        last = operator.one("clean", requeues=1, site=SITE)
    finally:
        stack.execute("ALTER TABLE instance DROP CONSTRAINT dying")
    operator("requeue", "--zone", "clean", "--site", SITE, "--yes")
    assert pipeline.finished(arrival)["indexer"] == ("indexed", None)
    until(lambda: topics.events("clean.dead-letter.settled", letter=last["letter"], state="resolved"), "it is resolved")

    # Nothing lost, nothing twice.
    for topic in (ANONYMISED, "clean.instance.validated", "clean.instance.indexed", "clean.instance.thumbnailed"):
        lanes = [name for name in (topic, f"{topic}.bulk") if name in topics.names()]
        assert sum(len(topics.events(name, arrival=arrival)) for name in lanes) == 1, topic
    assert len(stack.rows("SELECT 1 FROM instance WHERE arrival = %s", arrival)) == 1
    assert operator.letters("--site", SITE) == []
    acts = json.loads(operator("show", last["letter"], "--json"))["acts"]
    assert [act["act"] for act in acts] == ["dlq.requeue", "dlq.requeue", "dlq.show"]
