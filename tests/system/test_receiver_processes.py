"""The receiver is several processes: one of them may die, and all of them end in order."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.dicom import SUCCESS, association, send
from tests.support.generated import ct
from tests.support.persistent import PersistentSender
from tests.support.pipeline import Pipeline
from tests.support.stack import ROOT, Stack
from tests.support.waiting import until

COLLECTION = 900
IMAGES = 60


def workers(stack: Stack) -> list[int]:
    return [child.pid for child in psutil.Process(stack.pid("receiver")).children()]


@pytest.mark.timeout(180)
def test_a_worker_that_dies_costs_its_associations_and_nothing_else(pipeline: Pipeline) -> None:
    stack = pipeline.stack
    items = [ct(COLLECTION, number) for number in range(2 * IMAGES)]
    parent = stack.pid("receiver")
    senders = [PersistentSender(stack.dicom_port, "SITE_A", part) for part in (items[:IMAGES], items[IMAGES:])]
    for sender in senders:
        sender.start()
        sender.allow(IMAGES)
    until(lambda: min(sender.answered for sender in senders) >= 5, "both senders are at work")
    before = workers(stack)
    os.kill(before[0], signal.SIGKILL)
    until(lambda: all(sender.answered == IMAGES for sender in senders), "all are answered with success", 90)
    until(lambda: len(workers(stack)) == len(before), "the dead one is replaced")
    assert stack.pid("receiver") == parent
    assert before[0] not in workers(stack)
    assert stack.metric("receiver", "isocentre_receive_worker_restarts_total") >= 1
    counted = Counter(event.get("sop_instance_uid") for event in pipeline.topics.events("identified.instance.received"))
    assert {counted[item.sop_instance_uid] for item in items} == {1}


def test_who_is_sending_can_be_seen(stack: Stack) -> None:
    items = [ct(COLLECTION + 1, number) for number in range(3)]
    with association(stack.dicom_port, items, "SITE_B") as opened:
        assert [send(opened, item) for item in items] == [SUCCESS] * 3
        shown = command(stack, "--json")
        (ours,) = (one for one in json.loads(shown) if one["site"] == "site-b")
        assert (ours["received"], ours["stored"], ours["refused"], ours["ended"]) == (3, 3, {}, None)
        assert "site-b" in command(stack)
    until(lambda: not httpx.get(f"{stack.health_url('receiver')}/associations").json(), "nobody is sending")
    assert command(stack).strip() == "nobody is sending"
    accounts = (stack.home / "data" / "receiver" / "accounts").glob("*.jsonl")
    kept = [json.loads(line) for file in accounts for line in file.read_text().splitlines()]
    (account,) = (one for one in kept if one["association"] == ours["association"])
    assert (account["received"], account["stored"], account["end"]) == (3, 3, "released")


def command(stack: Stack, *options: str) -> str:
    script = Path(sys.executable).with_name("isocentre")
    argv = [str(script), "associations", "--home", str(stack.home), *options]
    return subprocess.run(argv, check=True, capture_output=True, text=True, cwd=ROOT).stdout
