"""What was stored and not published is published later, once, as the event that was lost."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from services.receiver.allowances import Allowances
from services.receiver.arrivals import Arrivals
from services.receiver.ends import Ends
from services.receiver.handler import Answer, Arriving, Receive
from services.receiver.journal import Journal
from services.receiver.quotas import Quotas
from services.receiver.repeats import Repeats
from services.receiver.sweep import Found, Sweep
from services.receiver.upper.landing import Landed
from shared import telemetry
from shared.dicom import part10
from shared.dicom.identity import Pseudonyms
from shared.dicom.raw_object import SWEPT, Arrived, arrived, key_of
from shared.dicom.statuses import SUCCESS
from shared.events import InstanceReceived, InstanceReceivedInBulk
from shared.events.envelope import decode, header
from shared.kafka import Record
from shared.outcome import Reason, Transient
from shared.sites import Lane, Site
from shared.storage.read_back import HEAD
from tests.support.memory_log import MemoryPublisher
from tests.support.memory_store import MemoryStore

SITE = Site(code="site-a", project="demo")
CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
STUDY = (
    b"\x08\x00\x16\x00UI\x1a\x001.2.840.10008.5.1.4.1.1.2\x00"
    b"\x08\x00\x18\x00UI\x06\x001.2.3\x00"
    b"\x20\x00\x0d\x00UI\x08\x001.2.3.4\x00"
    b"\x28\x00\x10\x00US\x02\x00\x00\x02"
)
GRACE = timedelta(seconds=120)
WHEN = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Broker(MemoryPublisher):
    @property
    def received(self) -> list[Record]:
        """At the door; then what was swept."""
        return self.topics[InstanceReceived.topic] + self.swept

    @property
    def swept(self) -> list[Record]:
        return self.topics[InstanceReceivedInBulk.topic]


class Bench:
    """A receiver and its sweep, and a clock that is as late as it has to be."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore("identified")
        self.broker = Broker()
        self.arrivals = Arrivals(folder / "arrivals.sqlite")
        self.quotas = Quotas(folder / "quotas.sqlite")
        self.pseudonyms = Pseudonyms(b"k" * 32)
        self.stop = threading.Event()
        self.later = GRACE + timedelta(seconds=1)
        self.sweep = Sweep(
            identified=self.store,
            broker=self.broker,
            arrivals=self.arrivals,
            journal=Journal("demo", self.pseudonyms),
            grace=GRACE,
            stop=self.stop,
            clock=lambda: datetime.now(UTC) + self.later,
        )

    def receive(self, data_set: bytes = STUDY, lane: Lane = "live") -> Answer:
        receive = Receive(
            identified=self.store,
            broker=self.broker,
            arrivals=self.arrivals,
            pseudonyms=self.pseudonyms,
            quotas=self.quotas,
            repeats=Repeats(self.store, self.arrivals, lambda: None, lambda arrival: False),
            allowances=Allowances(500, 10.0),
        )
        front = part10.front(EXPLICIT, CT, "1.2.3")
        whole = front + data_set
        landed = Landed(memoryview(whole), len(whole), len(front), part10.digest(data_set, EXPLICIT))
        with telemetry.span("C-STORE") as span:
            return receive(Arriving(SITE, "association", lane, CT, "1.2.3", EXPLICIT, landed), span)

    def store_only(self, data_set: bytes = STUDY) -> str:
        """As the receiver leaves it when it dies between store and broker; returns the key."""
        self.broker.away = True
        assert self.receive(data_set).status != SUCCESS
        self.broker.away = False
        return key_of(SITE.code, part10.digest(data_set, EXPLICIT))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.arrivals.close()


def event_of(record: Record) -> InstanceReceived:
    event = decode(record.topic, record.value, record.headers)
    assert isinstance(event, InstanceReceived)
    return event


@pytest.mark.parametrize("data_set", [STUDY, b"", b"garbage that is no data set", STUDY + bytes(2 * HEAD)])
def test_the_event_is_the_one_that_was_lost(tmp_path: Path, data_set: bytes) -> None:
    lost, kept = Bench(tmp_path / "lost"), Bench(tmp_path / "kept")
    lost.store_only(data_set)
    assert lost.sweep.run_once()[Found.PUBLISHED] == 1
    kept.receive(data_set)
    (swept,), (received,) = lost.broker.received, kept.broker.received
    for name in ("ce_id", "ce_source", "ce_subject"):
        assert header(swept.headers, name) == header(received.headers, name)
    assert (swept.key, received.key) == ("site-a", event_of(swept).study_key)
    own = {"association", "received_at"}
    assert event_of(swept).model_dump(exclude=own) == event_of(received).model_dump(exclude=own)
    assert event_of(swept).association == SWEPT
    assert abs(event_of(swept).received_at - event_of(received).received_at) < timedelta(seconds=30)


def test_it_is_published_once(bench: Bench) -> None:
    bench.store_only()
    assert bench.sweep.run_once() == {Found.PUBLISHED: 1}
    assert bench.sweep.run_once() == {Found.KNOWN: 1}
    assert bench.receive() == Answer(SUCCESS, Reason.ALREADY_DONE)
    assert len(bench.broker.received) == 1


def test_what_is_swept_does_not_overtake_what_is_live(bench: Bench) -> None:
    """Nor is it there twice when it comes again on the other lane."""
    bench.store_only()
    bench.sweep.run_once()
    assert [event_of(record).association for record in bench.broker.swept] == [SWEPT]
    for lane in get_args(Lane):
        assert bench.receive(lane=lane) == Answer(SUCCESS, Reason.ALREADY_DONE)
    assert bench.broker.topics[InstanceReceived.topic] == []


def test_what_came_in_bulk_is_swept_as_the_same(tmp_path: Path) -> None:
    lost, kept = Bench(tmp_path / "lost"), Bench(tmp_path / "kept")
    lost.store_only()
    lost.sweep.run_once()
    kept.receive(lane="bulk")
    for name in ("ce_id", "ce_type", "ce_source", "ce_subject"):
        assert header(lost.broker.swept[0].headers, name) == header(kept.broker.swept[0].headers, name)


def test_what_was_published_is_left_alone(bench: Bench) -> None:
    bench.receive()
    assert bench.sweep.run_once() == {Found.KNOWN: 1}
    assert len(bench.broker.received) == 1


def test_what_was_begun_and_never_finished_goes(bench: Bench) -> None:
    bench.store.orphans = 2
    bench.sweep.run_once()
    assert bench.store.orphans == 0


def test_who_is_about_to_publish_is_given_time(bench: Bench) -> None:
    bench.store_only()
    bench.later = GRACE - timedelta(seconds=30)
    assert bench.sweep.run_once() == {}
    assert bench.broker.received == []


def test_a_torn_object_does_not_stand_in_the_way_of_the_whole_one(bench: Bench) -> None:
    """Published, the sender who still has it would be told that we have it too."""
    key = bench.store_only()
    for torn in (b"", bench.store.objects[key][:-1], bytes(len(bench.store.objects[key]))):
        bench.store.objects[key] = torn
        assert bench.sweep.run_once() == {Found.TORN: 1}
    assert bench.receive() == Answer(SUCCESS)
    assert bench.sweep.run_once() == {Found.KNOWN: 1}
    assert len(bench.broker.received) == 1


def rots(bench: Bench) -> str:
    """Its last byte; returns the key."""
    (key,) = bench.store.objects
    bench.store.put(key, bench.store.objects[key][:-1] + b"\xff")
    return key


def test_an_acknowledged_object_that_has_rotted_is_taken_again(bench: Bench, tmp_path: Path) -> None:
    """As long as it was: a repeat that hears a success for nothing done would cost the only good copy."""
    bench.receive()
    key = rots(bench)
    with Ends(tmp_path / "ends.sqlite") as ends:
        assert bench.sweep.run_once(ended=ends) == {Found.DAMAGED: 1}
    assert bench.sweep.run_once() == {Found.DAMAGED: 1}
    assert bench.arrivals.doubts() == 0
    assert bench.receive() == Answer(SUCCESS)
    assert bench.store.get(key) == part10.front(EXPLICIT, CT, "1.2.3") + STUDY
    assert len(bench.broker.received) == 2
    assert bench.receive() == Answer(SUCCESS, Reason.ALREADY_DONE)
    assert bench.sweep.run_once() == {Found.KNOWN: 1}


def test_what_is_spoilt_is_read_once_and_again_when_it_is_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = bench.store_only()
    whole = bench.store.objects[key]
    rots(bench)
    assert bench.sweep.run_once() == {Found.TORN: 1}
    with monkeypatch.context() as unread:
        unread.delattr(MemoryStore, "part")
        assert bench.sweep.run_once() == {Found.TORN: 1}
    bench.store.put(key, whole)
    assert bench.sweep.run_once() == {Found.PUBLISHED: 1}


def test_who_is_told_to_stop_does_not_first_read_a_large_object_to_its_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.store_only(STUDY + bytes(2 * HEAD))
    part = bench.store.part

    def told_to_stop(*where: Any) -> bytes:
        bench.stop.set()
        return part(*where)

    monkeypatch.setattr(bench.store, "part", told_to_stop)
    with pytest.raises(Transient):
        bench.sweep.run_once()
    assert bench.broker.received == []


def test_damage_of_what_the_broker_has_lost_was_acknowledged_too(bench: Bench) -> None:
    bench.receive()
    rots(bench)
    bench.broker.topics[InstanceReceived.topic].clear()
    assert bench.sweep.run_once(since=time.time() + 1) == {Found.DAMAGED: 1}


def test_what_came_to_no_end_goes_through_once_more_as_the_same_event(bench: Bench, tmp_path: Path) -> None:
    for data_set in (STUDY, STUDY + b"\x20\x00\x10\x00SH\x00\x00"):
        bench.receive(data_set)
    first, second = bench.broker.received
    arrival = event_of(first).arrival
    with Ends(tmp_path / "ends.sqlite") as ends:
        ends.goes_again(arrival)
        assert bench.sweep.run_once(ended=ends) == {Found.KNOWN: 1, Found.PUBLISHED: 1}
        assert bench.sweep.run_once(ended=ends) == {Found.KNOWN: 2}
    again = bench.broker.received[-1]
    assert header(again.headers, "ce_id") == header(second.headers, "ce_id")
    assert (again.key, second.key) == ("site-a", event_of(again).study_key)


def test_other_objects_are_none_of_its_business(bench: Bench) -> None:
    for key in (".probe/receiver", "site-a/readme.txt", f"site-a/00/{'1' * 64}.dcm"):
        bench.store.put(key, b"x")
    assert bench.sweep.run_once() == {}


def test_a_broker_that_is_away_is_asked_again(bench: Bench) -> None:
    bench.store_only()
    bench.broker.away = True
    with pytest.raises(Transient):
        bench.sweep.run_once()
    bench.broker.away = False
    assert bench.sweep.run_once() == {Found.PUBLISHED: 1}


def test_what_cannot_be_secured_is_not_vouched_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be read, and its sender heard that it failed: a yes to its repeat has to mean more than that."""

    def fails(key: str) -> None:
        raise Transient("EIO")

    bench.store_only()
    with monkeypatch.context() as failing:
        failing.setattr(bench.store, "secure", fails)
        with pytest.raises(Transient):
            bench.sweep.run_once()
    assert bench.broker.received == []
    assert bench.receive() == Answer(SUCCESS)


def test_a_key_says_what_arrived() -> None:
    digest = "ab" + "0" * 62
    assert arrived(key_of("site-a", digest)) == Arrived("site-a", digest)
    assert arrived(f"site-a/ac/{digest}.dcm") is None
    assert arrived(f"site-a/ab/{digest.upper()}.dcm") is None


def test_what_has_no_file_meta_information_tells_nothing() -> None:
    whole = part10.front(EXPLICIT, CT, "1.2.3") + STUDY
    meta = part10.meta(whole)
    assert meta == part10.Meta(CT, "1.2.3", EXPLICIT, len(whole) - len(STUDY))
    for head in (b"", whole[:100], whole[:140], b"\0" * 400, whole[:132] + STUDY):
        assert part10.meta(head) is None


def test_what_the_broker_has_lost_since_it_said_yes_is_published_again(bench: Bench) -> None:
    bench.receive()
    bench.broker.topics[InstanceReceived.topic].clear()
    assert bench.sweep.run_once()[Found.KNOWN] == 1
    assert bench.sweep.run_once(since=time.time() + 1)[Found.PUBLISHED] == 1
    assert len(bench.broker.received) == 1
