"""`isocentre quarantine` on real topics and a real store: decided, audited, and only then deleted."""

import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from minio.error import S3Error

from infra.local.layout import ROOT
from infra.local.probes import store
from infra.local.state import Stack
from shared import storage
from shared.events import AuditRecorded, Event, InstanceCleared, InstanceDecided, Outgoing
from shared.events.envelope import decode
from shared.kafka import Publisher, read_to_end
from shared.outcome import Transient
from tests.support.events import arrival_of, quarantined, record_of

pytestmark = pytest.mark.stack


@dataclass
class Desk:
    """A node's components, with a site of our own, and an operator at the command line."""

    stack: Stack
    site: str

    def isocentre(self, *arguments: str, code: int = 0) -> str:
        """What the command prints."""
        command = [sys.executable, "-c", "from infra.cli import main; main()", "quarantine", *arguments]
        home = ["--home", str(self.stack.home), "--actor", "eva"]
        said = subprocess.run([*command, *home], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert said.returncode == code, said.stderr
        return said.stdout

    def publish(self, *events: Event) -> None:
        publisher = Publisher(self.stack.kafka_bootstrap_servers, 10)
        for event in events:
            publisher.publish(record_of(Outgoing.of(event)))
        publisher.close()

    def hold(self, number: int, **changes: object) -> str:
        """An instance with its bytes in the store and its verdict on the topic; returns its arrival."""
        arrival = arrival_of(number, self.site)
        root = self.stack.object_store.root
        raw = storage.connect(self.stack.object_store.endpoint, root.access_key, root.secret_key, "identified")
        raw.put(arrival["key"], b"bytes")
        self.publish(quarantined(number, self.site, **changes))
        return str(arrival["arrival"])

    def bytes_of(self, number: int) -> bool:
        key = arrival_of(number, self.site)["key"]
        client = store(self.stack.object_store.endpoint, self.stack.object_store.root)
        return key in {found.object_name for found in client.list_objects("identified", prefix=key)}

    def said(self, topic: type[Event], belongs: Callable[[dict[str, object]], bool]) -> list[Event]:
        """The events of a topic that are of our site."""
        records = read_to_end(self.stack.kafka_bootstrap_servers, [topic.topic])
        events = [decode(record.topic, record.value, record.headers) for record in records]
        return [event for event in events if belongs(event.model_dump())]

    def listed(self, *arguments: str) -> dict[str, dict[str, object]]:
        told = json.loads(self.isocentre("list", "--json", "--site", self.site, *arguments))
        return {case["arrival"]: case for case in told}


@pytest.fixture
def desk(components: Stack) -> Desk:
    return Desk(components, f"quarantine-{secrets.token_hex(4)}")


def test_people_decide(desk: Desk) -> None:
    released, tried, discarded, kept = (desk.hold(number, places=("bytes phone",)) for number in (1, 2, 3, 4))
    assert list(desk.listed()) == [released, tried, discarded, kept]
    assert "bytes phone" in desk.isocentre("show", kept)

    desk.isocentre("release", released, "--ground", "checked-by-eye")
    desk.isocentre("retry", tried, "--profile", "eucaim")
    assert "bytes deleted" in desk.isocentre("discard", discarded, "--ground", "consent-withdrawn", "--yes")
    desk.isocentre("retry", discarded, code=5)
    desk.isocentre("show", "f" * 32, code=3)

    decisions = desk.said(InstanceDecided, lambda event: event["site"] == desk.site)
    told = {one.arrival: one for one in decisions if isinstance(one, InstanceDecided)}
    assert {arrival: (one.decision, one.profile, one.ground) for arrival, one in told.items()} == {
        released: ("release", None, "checked-by-eye"),
        tried: ("retry", "eucaim", "rules-changed"),
        discarded: ("discard", None, "consent-withdrawn"),
    }
    assert all(one.actor.startswith("eva (") for one in told.values())
    assert (desk.bytes_of(3), desk.bytes_of(4)) == (False, True)

    # What the anonymiser makes of it.
    desk.publish(
        InstanceCleared(**arrival_of(1, desk.site), decision_id=told[released].decision_id, profile="research-2"),
        quarantined(2, desk.site, decision_id=told[tried].decision_id, reason="residual-identity"),
    )
    now = desk.listed("--all")
    assert {arrival: (case["state"], case["waiting"]) for arrival, case in now.items()} == {
        released: ("released", False),
        tried: ("held", False),
        discarded: ("discarded", True),
        kept: ("held", False),
    }
    assert "residual-identity" in desk.isocentre("list", "--summary", "--site", desk.site)

    audits = desk.said(AuditRecorded, lambda event: event["site"] == desk.site)
    acts = [(one.act, one.outcome, one.arrival) for one in audits if isinstance(one, AuditRecorded)]
    assert acts == [
        ("quarantine.list", "done", None),
        ("quarantine.show", "done", kept),
        ("quarantine.release", "done", released),
        ("quarantine.retry", "done", tried),
        ("quarantine.discard", "done", discarded),
        ("quarantine.delete-bytes", "done", discarded),
        ("quarantine.retry", "refused", discarded),
        ("quarantine.list", "done", None),
        ("quarantine.list", "done", None),
    ]


def test_an_operator_sees_and_deletes_bytes_and_reads_none(desk: Desk) -> None:
    desk.hold(1)
    keys = desk.stack.object_store.users["operator"]
    seen = storage.connect(desk.stack.object_store.endpoint, keys.access_key, keys.secret_key, "identified")
    key = arrival_of(1, desk.site)["key"]
    assert list(seen.keys(key)) == [key]
    with pytest.raises(Transient, match="AccessDenied"):
        seen.get(key)
    with pytest.raises(Transient, match="AccessDenied"):
        seen.put(key, b"other")
    seen.delete(key)
    assert not desk.bytes_of(1)
    with pytest.raises(S3Error, match="Access Denied"):
        list(store(desk.stack.object_store.endpoint, keys).list_objects("clean"))
