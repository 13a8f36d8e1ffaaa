"""The receiver as a process: what it stored and did not publish in an earlier life, it publishes in this one."""

from collections.abc import Iterator

import pytest

from infra.local.probes import store
from infra.local.stack import running
from infra.local.state import Stack
from shared.dicom import part10
from shared.dicom.raw_object import SWEPT, key_of
from shared.events import InstanceReceived, InstanceReceivedInBulk
from shared.events.envelope import decode
from shared.kafka import Record, read_to_end
from tests.support.generated import Item, ct
from tests.support.waiting import until

TOPICS = (InstanceReceived.topic, InstanceReceivedInBulk.topic)
SOON = {"ISOCENTRE_SWEEP_SECONDS": "1", "ISOCENTRE_SWEEP_GRACE_SECONDS": "2"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("sweep")
    with running(home, only=["kafka", "versitygw", "receiver"], settings={"receiver": SOON}) as whole:
        yield whole


def put(stack: Stack, item: Item) -> str:
    """As the receiver does it, and no more; returns the key."""
    digest = part10.digest(item.data_set, item.transfer_syntax_uid)
    whole = part10.front(item.transfer_syntax_uid, item.sop_class_uid, item.sop_instance_uid) + item.data_set
    (stack.home / "object").write_bytes(whole)
    key = key_of("site-a", digest)
    keys = stack.object_store.users["receiver"]
    store(stack.object_store.endpoint, keys).fput_object("identified", key, str(stack.home / "object"))
    return key


def received(stack: Stack, *topics: str) -> list[Record]:
    return list(read_to_end(stack.kafka_bootstrap_servers, topics or TOPICS))


def test_it_is_published_once(stack: Stack) -> None:
    keys = {put(stack, ct(71, number)) for number in range(3)}
    records = until(lambda: found if len(found := received(stack)) >= len(keys) else [], "all have their event", 60)
    events = [decode(record.topic, record.value, record.headers) for record in records]
    assert {event.key for event in events if isinstance(event, InstanceReceived)} == keys
    assert {event.association for event in events if isinstance(event, InstanceReceived)} == {SWEPT}
    assert received(stack, InstanceReceived.topic) == [], "it overtakes what is live"
    swept = (stack.home / "logs" / "receiver.log").read_text().count('"swept"')
    until(lambda: _sweeps(stack) >= swept + 2, "it has looked twice more", 60)
    assert len(received(stack)) == len(keys)


def _sweeps(stack: Stack) -> int:
    return (stack.home / "logs" / "receiver.log").read_text().count('"swept"')
