"""A site asks whether we keep what it sent, and is told although the receiver dies and the site is away meanwhile."""

import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from pynetdicom import AE
from pynetdicom.association import Association

from tests.support.committing_peer import INSTANCE, PUSH_MODEL, Peer, outcome, request
from tests.support.dicom import SUCCESS, send
from tests.support.generated import Item, ct
from tests.support.pipeline import Pipeline
from tests.support.stack import Stack
from tests.support.waiting import until

COLLECTION, DAYS = 920, 30
CODE, TITLE = "site-committed", "COMMITTED"
COMMITTED = "identified.instance.committed"
NO_SUCH_INSTANCE = 0x0112


def join(stack: Stack, reports_to: int) -> None:
    """Let the site in, with commitment."""
    file = stack.home / "sites.yaml"
    told = yaml.safe_load(file.read_text())
    commitment = {"ae_title": "SITE", "host": "127.0.0.1", "port": reports_to, "days": DAYS}
    titles = {"calling_ae_titles": [TITLE], "called_ae_titles": ["ISOCENTRE"]}
    told["sites"].append({"code": CODE, "project": "system", "commitment": commitment, **titles})
    draft = file.with_suffix(".draft")
    draft.write_text(yaml.safe_dump(told))
    draft.replace(file)


def asking(stack: Stack, item: Item) -> Association | None:
    """An association for `item` and for a request, if the worker that takes it has heard of the site."""
    entity = AE(TITLE)
    entity.add_requested_context(item.sop_class_uid, item.transfer_syntax_uid)
    entity.add_requested_context(PUSH_MODEL)
    opened = entity.associate("127.0.0.1", stack.dicom_port, ae_title="ISOCENTRE")
    return opened if opened.is_established else None


def in_memory(folder: Path) -> bool:
    """Whether nothing is behind it that survives a power cut."""
    told = subprocess.run(["stat", "--file-system", "--format=%T", folder], capture_output=True, text=True, check=True)
    return told.stdout.strip() in {"tmpfs", "ramfs"}


@pytest.mark.timeout(280)
def test_a_promise_survives_the_death_of_who_made_it(pipeline: Pipeline) -> None:
    stack = pipeline.stack
    if in_memory(stack.home):
        pytest.skip("this checkout lies in memory: from there nothing is committed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    join(stack, port)
    item, never = ct(COLLECTION, 0), ct(COLLECTION, 1)
    opened = until(lambda: asking(stack, item), "the new site is let in", 60)
    assert send(opened, item) == SUCCESS
    asked = request((item.sop_class_uid, item.sop_instance_uid), (never.sop_class_uid, never.sop_instance_uid))
    answer, _ = opened.send_n_action(asked, 1, PUSH_MODEL, INSTANCE)
    assert answer.Status == SUCCESS

    before = stack.kill("receiver")
    until(lambda: stack.process("receiver")["pid"] not in (None, before), "the receiver is started again", 60)
    peer = Peer(port)
    event_type, told = peer.told(120)
    peer.close()
    assert (event_type, told.TransactionUID) == (2, asked.TransactionUID)
    assert outcome(told) == {item.sop_instance_uid: 0, never.sop_instance_uid: NO_SUCH_INSTANCE}
    promised = pipeline.topics.events(COMMITTED, arrival=pipeline.arrival(item.sop_instance_uid))
    day = datetime.now(UTC) + timedelta(days=DAYS)
    assert {abs(datetime.fromisoformat(event["until"]) - day) < timedelta(hours=1) for event in promised} == {True}
    until(
        lambda: stack.metric("receiver", "isocentre_commitment_reports_total", site=CODE, outcome="delivered") == 1,
        "the report is counted",
    )
    assert stack.metric("receiver", "isocentre_commitment_damaged_total", site=CODE) == 0
