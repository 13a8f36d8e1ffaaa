"""When the receiver says yes, and when it does not."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import date
from pathlib import Path

import pytest

from services.receiver import handler
from services.receiver.allowances import Allowances
from services.receiver.arrivals import Arrivals, Offsets, Standing
from services.receiver.handler import AT_ONCE, Answer, Arriving, Receive
from services.receiver.quotas import Quotas
from services.receiver.repeats import Repeats
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landed
from shared import telemetry
from shared.dicom import part10
from shared.dicom.identity import Pseudonyms
from shared.dicom.statuses import CANNOT_UNDERSTAND, CLASS_OR_UID_MISMATCH, OUT_OF_RESOURCES, SUCCESS
from shared.events import InstanceReceived, InstanceReceivedInBulk
from shared.events.envelope import decode, header
from shared.kafka import Output, Record
from shared.outcome import Reason, Transient
from shared.sites import Lane, Site
from shared.storage import Content
from tests.support.memory_log import MemoryPublisher
from tests.support.memory_store import MemoryStore
from tests.support.waiting import until

MIB = 2**20
BURST = 20
SITE = Site(code="site-a", project="demo")
CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
STUDY = (
    b"\x08\x00\x16\x00UI\x1a\x001.2.840.10008.5.1.4.1.1.2\x00"
    b"\x08\x00\x18\x00UI\x06\x001.2.3\x00"
    b"\x20\x00\x0d\x00UI\x08\x001.2.3.4\x00"
    b"\x20\x00\x10\x00SH\x00\x00"
)
FRONT = part10.front(EXPLICIT, CT, "1.2.3")


class Broker(MemoryPublisher):
    @property
    def received(self) -> list[Record]:
        return self.topics[InstanceReceived.topic]

    @property
    def in_bulk(self) -> list[Record]:
        return self.topics[InstanceReceivedInBulk.topic]


def landed(data_set: bytes) -> Landed:
    whole = part10.front(EXPLICIT, CT, "1.2.3") + data_set
    return Landed(memoryview(whole), len(whole), len(whole) - len(data_set), part10.digest(data_set, EXPLICIT))


class Bench:
    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore("identified")
        self.broker = Broker()
        self.arrivals = Arrivals(folder / "arrivals.sqlite")
        pseudonyms = Pseudonyms(b"k" * 32)
        self.today = date(2026, 11, 30)
        self.has_room = True
        self.disk: Disk | None = None
        self.ended: set[str] = set()
        self.receive = Receive(
            identified=self.store,
            broker=self.broker,
            arrivals=self.arrivals,
            pseudonyms=pseudonyms,
            quotas=Quotas(folder / "quotas.sqlite", lambda: self.today),
            repeats=Repeats(self.store, self.arrivals, lambda: self.recall(), lambda arrival: self.has_ended(arrival)),
            allowances=Allowances(BURST, 0.001),
            room=lambda landed: nullcontext(self.has_room) if self.disk is None else self.disk.promised(landed.size),
        )

    def recall(self) -> None:
        if self.broker.away:
            raise Transient("away")
        _catch_up(self.arrivals, self.broker)

    def has_ended(self, arrival: str) -> bool:
        if self.broker.away:
            raise Transient("away")
        return arrival in self.ended

    def send(self, data_set: bytes = STUDY, site: Site = SITE, lane: Lane = "live") -> Answer:
        with telemetry.span("C-STORE") as span:
            return self.receive(Arriving(site, "association", lane, CT, "1.2.3", EXPLICIT, landed(data_set)), span)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.arrivals.close()


def test_success_means_bytes_stored_as_sent_and_event_published(bench: Bench) -> None:
    assert bench.send() == Answer(SUCCESS)
    (key,) = bench.store.objects
    digest = part10.digest(STUDY, EXPLICIT)
    assert key == f"site-a/{digest[:2]}/{digest}.dcm"
    assert bench.store.objects[key] == part10.front(EXPLICIT, CT, "1.2.3") + STUDY
    assert bench.store.objects[key].endswith(STUDY)
    (record,) = bench.broker.received
    event = decode(record.topic, record.value, record.headers)
    assert isinstance(event, InstanceReceived)
    assert (event.key, event.digest, event.size) == (key, digest, len(bench.store.objects[key]))


def test_the_partition_key_is_the_studys_and_says_nothing_of_it(bench: Bench) -> None:
    bench.send(STUDY)
    bench.send(STUDY + b"\x28\x00\x10\x00US\x02\x00\x00\x02")
    keys = {record.key for record in bench.broker.received}
    assert len(keys) == 1
    assert "1.2.3.4" not in keys.pop()  # type: ignore[operator]


@pytest.mark.parametrize("data_set", [b"", b"\x00", b"garbage that is no data set", bytes(1000)])
def test_what_cannot_be_read_is_kept_all_the_same(bench: Bench, data_set: bytes) -> None:
    assert bench.send(data_set) == Answer(CANNOT_UNDERSTAND, Reason.NOT_UNDERSTOOD)
    assert bench.send(data_set) == Answer(CANNOT_UNDERSTAND, Reason.ALREADY_DONE)
    assert len(bench.store.objects) == len(bench.broker.received) == 1


@pytest.mark.parametrize("other", [(b"1.2.3\x00", b"1.2.9\x00"), (b"5.1.4.1.1.2\x00", b"5.1.4.1.1.4\x00")])
def test_what_is_not_what_it_was_announced_as_is_refused(bench: Bench, other: tuple[bytes, bytes]) -> None:
    assert bench.send(STUDY.replace(*other, 1)) == Answer(CLASS_OR_UID_MISMATCH, Reason.UID_MISMATCH)
    assert not bench.store.objects
    assert not bench.broker.received


def test_the_same_uid_with_other_content_is_kept_and_told(bench: Bench) -> None:
    assert bench.send() == Answer(SUCCESS)
    assert bench.send(STUDY + b"\x28\x00\x10\x00US\x02\x00\x00\x02") == Answer(SUCCESS, Reason.UID_CONFLICT)
    assert len(bench.store.objects) == len(bench.broker.received) == 2
    assert bench.send() == Answer(SUCCESS, Reason.ALREADY_DONE)


def test_the_same_uid_of_another_site_is_no_conflict(bench: Bench) -> None:
    bench.send()
    other = STUDY + b"\x28\x00\x10\x00US\x02\x00\x00\x02"
    assert bench.send(other, Site(code="site-b", project="demo")) == Answer(SUCCESS)


def test_what_was_told_before_is_a_conflict_after_a_restart_too(bench: Bench, tmp_path: Path) -> None:
    bench.send()
    fresh = Arrivals(tmp_path / "fresh" / "arrivals.sqlite")
    _catch_up(fresh, bench.broker)
    assert fresh.add("site-a", "0" * 64, "1.2.3")
    assert not fresh.add("site-a", "1" * 64, "1.2.4")
    fresh.close()


def test_store_away_keeps_the_copy_at_the_sender(bench: Bench) -> None:
    bench.store.away = True
    assert bench.send() == Answer(OUT_OF_RESOURCES, Reason.STORE_AWAY)
    assert bench.broker.received == []
    bench.store.away = False
    assert bench.send() == Answer(SUCCESS)


def test_a_store_that_stands_still_is_seen_and_refuses_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = threading.Event()
    put = bench.store.put

    def still(key: str, data: Content, content_type: str = "application/dicom") -> None:
        moves.wait(60)
        put(key, data, content_type)

    monkeypatch.setattr(bench.store, "put", still)
    monkeypatch.setattr(handler, "PATIENCE", 0.1)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        hanging = [pool.submit(bench.send, STUDY + bytes([0, 0, number, 0, 0, 0, 0, 0])) for number in range(AT_ONCE)]
        until(lambda: bench.receive.oldest > 0.2, "an object is at the store for a while", 10)
        until(lambda: bench.receive._turns.free == 0, "all places are taken", 10)
        assert bench.send() == Answer(OUT_OF_RESOURCES, Reason.STORE_AWAY)
        moves.set()
        assert {each.result().status for each in hanging} == {SUCCESS}
    assert bench.receive.oldest == 0
    assert bench.send() == Answer(SUCCESS, Reason.UID_CONFLICT)


def test_a_disk_that_is_nearly_full_keeps_the_copy_at_the_sender(bench: Bench) -> None:
    bench.has_room = False
    assert bench.send() == Answer(OUT_OF_RESOURCES, Reason.NO_SPACE)
    assert bench.store.objects == {}
    bench.has_room = True
    assert bench.send() == Answer(SUCCESS)


def test_a_large_object_is_refused_before_it_is_written_where_only_a_small_one_has_room(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Disk, "_free", lambda disk: 10 * MIB)
    large = STUDY + b"\xe0\x7f\x10\x00OW\0\0" + (2 * MIB).to_bytes(4, "little") + bytes(2 * MIB)
    bench.disk = Disk(tmp_path, 9 * MIB)
    assert bench.send(large) == Answer(OUT_OF_RESOURCES, Reason.NO_SPACE)
    assert bench.store.objects == {}
    assert bench.send() == Answer(SUCCESS)


def test_broker_away_keeps_the_copy_at_the_sender(bench: Bench) -> None:
    bench.broker.away = True
    assert bench.send() == Answer(OUT_OF_RESOURCES, Reason.BROKER_AWAY)
    bench.broker.away = False
    assert bench.send() == Answer(SUCCESS)
    assert len(bench.broker.received) == 1


def test_a_site_sends_no_more_a_day_than_it_may(bench: Bench) -> None:
    size = len(part10.front(EXPLICIT, CT, "1.2.3") + STUDY)
    limited = Site(code="site-a", project="demo", bytes_per_day=size + 20)
    other = STUDY + b"\x28\x00\x10\x00US\x02\x00\x00\x02"
    assert bench.send(STUDY, limited) == Answer(SUCCESS)
    assert bench.send(other, limited) == Answer(OUT_OF_RESOURCES, Reason.QUOTA_SPENT)
    assert bench.send(STUDY, limited) == Answer(SUCCESS, Reason.ALREADY_DONE)
    assert bench.send(other, Site(code="site-b", project="demo", bytes_per_day=2 * size)) == Answer(SUCCESS)
    bench.today = date(2026, 12, 1)
    assert bench.send(other, limited).status == SUCCESS


def test_a_broker_that_took_it_and_did_not_say_so_is_asked_before_it_is_told_again(bench: Bench) -> None:
    publish = bench.broker.publish

    def mute(output: Output) -> None:
        publish(output)
        raise Transient("no answer")

    bench.broker.publish = mute  # type: ignore[method-assign]
    assert bench.send() == Answer(OUT_OF_RESOURCES, Reason.BROKER_AWAY)
    bench.broker.publish = publish  # type: ignore[method-assign]
    assert bench.send() == Answer(SUCCESS, Reason.ALREADY_DONE)
    assert len(bench.broker.received) == 1


def test_who_dies_between_the_broker_and_his_own_note_leaves_no_second_event(bench: Bench) -> None:
    add = bench.arrivals.add

    def dies(site: str, digest: str, sop_instance_uid: str) -> bool:
        raise KeyboardInterrupt

    bench.arrivals.add = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        bench.send()
    bench.arrivals.add = add  # type: ignore[method-assign]
    assert bench.send() == Answer(SUCCESS, Reason.ALREADY_DONE)
    assert len(bench.broker.received) == 1


def test_while_only_the_broker_could_tell_the_sender_keeps_its_copy(bench: Bench) -> None:
    bench.broker.away = True
    bench.send()
    assert bench.send() == Answer(OUT_OF_RESOURCES, Reason.BROKER_AWAY)
    bench.broker.away = False
    assert bench.send() == Answer(SUCCESS)


def mute(bench: Bench, monkeypatch: pytest.MonkeyPatch, question: str) -> threading.Event:
    """A broker that takes long to answer, until that event; how long an object waits is short."""
    answers, asked = threading.Event(), getattr(bench, question)

    def waits(*arguments: object) -> object:
        answers.wait(10)
        return asked(*arguments)

    monkeypatch.setattr(bench, question, waits)
    monkeypatch.setattr(handler, "PATIENCE", 0.2)
    return answers


def test_who_is_in_doubt_hears_no_while_he_still_waits_when_the_broker_is_slow(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.broker.away = True
    bench.send()
    bench.broker.away = False
    answers = mute(bench, monkeypatch, "recall")
    began = time.monotonic()
    assert bench.send() == Answer(OUT_OF_RESOURCES, Reason.BROKER_AWAY)
    assert time.monotonic() - began < 5
    answers.set()
    monkeypatch.setattr(handler, "PATIENCE", 10.0)
    assert bench.send() == Answer(SUCCESS)
    assert len(bench.broker.received) == 1


@pytest.mark.parametrize("question", ["recall", "has_ended"])
def test_what_is_lost_waits_no_longer_for_the_broker_either(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    bench.send()
    bench.store.objects.clear()
    answers = mute(bench, monkeypatch, question)
    began = time.monotonic()
    assert bench.send() == Answer(OUT_OF_RESOURCES, Reason.BROKER_AWAY)
    assert time.monotonic() - began < 5
    assert bench.store.objects == {}
    answers.set()
    monkeypatch.setattr(handler, "PATIENCE", 10.0)
    assert bench.send() == Answer(SUCCESS)


def test_the_same_again_is_a_success_without_a_second_event(bench: Bench) -> None:
    bench.send()
    assert bench.send() == Answer(SUCCESS, Reason.ALREADY_DONE)
    assert len(bench.broker.received) == 1


def by_half(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def by_one(whole: bytes) -> bytes:
    return whole[:-1]


def by_its_data_set(whole: bytes) -> bytes:
    return whole[: len(FRONT)]


def emptied(whole: bytes) -> bytes:
    return b""


LONG = STUDY + b"\xe0\x7f\x10\x00OW\0\0" + (MIB // 4).to_bytes(4, "little") + bytes(MIB // 4)


def as_a_file(data_set: bytes) -> bytes:
    """As a site has it that writes more into the file meta information than we do (PS3.10 7.1)."""
    private = b"\x02\x00\x00\x01UI\x06\x001.2.9\x00" + b"\x02\x00\x02\x01OB\x00\x00\x00\x40\x00\x00" + bytes(16384)
    length = (len(FRONT) - 144 + len(private)).to_bytes(4, "little")
    return FRONT[:140] + length + FRONT[144:] + private + data_set


def test_what_the_store_has_forgotten_is_stored_and_told_again(bench: Bench) -> None:
    bench.send()
    (kept,) = bench.store.objects.items()
    bench.store.objects.clear()
    assert bench.send() == Answer(SUCCESS)
    assert dict([kept]) == bench.store.objects
    first, second = bench.broker.received
    assert header(first.headers, "ce_id") == header(second.headers, "ce_id")
    assert bench.send() == Answer(SUCCESS, Reason.ALREADY_DONE)
    assert len(bench.broker.received) == 2


@pytest.mark.parametrize("data_set", [STUDY, LONG], ids=["small", "large"])
@pytest.mark.parametrize("torn", [emptied, by_half, by_its_data_set, by_one])
def test_what_the_store_has_kept_a_part_of_is_stored_again(
    bench: Bench, torn: Callable[[bytes], bytes], data_set: bytes
) -> None:
    """In a power cut a file system may keep a name and lose what lay behind it."""
    bench.send(data_set)
    ((key, whole),) = bench.store.objects.items()
    bench.store.objects[key] = torn(whole)
    assert bench.send(data_set) == Answer(SUCCESS)
    assert bench.store.objects == {key: whole}
    assert bench.send(data_set) == Answer(SUCCESS, Reason.ALREADY_DONE)


@pytest.mark.parametrize("data_set", [STUDY, LONG], ids=["small", "large"])
def test_what_came_behind_another_front_is_whole_when_it_is_as_long_as_with_that(bench: Bench, data_set: bytes) -> None:
    """By STOW a site sends its files, by C-STORE their data sets: the same arrival."""
    bench.send(data_set)
    (key,) = bench.store.objects
    bench.store.objects[key] = whole = as_a_file(data_set)
    assert bench.send(data_set) == Answer(SUCCESS, Reason.ALREADY_DONE)
    for kept in (by_one(whole), whole[: len(FRONT) + len(data_set)]):
        bench.store.objects[key] = kept
        assert bench.send(data_set) == Answer(SUCCESS)
        assert bench.store.objects == {key: FRONT + data_set}


def test_a_repeat_is_no_success_while_the_store_cannot_be_asked(bench: Bench) -> None:
    bench.send()
    bench.store.away = True
    assert bench.send() == Answer(OUT_OF_RESOURCES, Reason.STORE_AWAY)
    bench.store.away = False
    assert bench.send() == Answer(SUCCESS, Reason.ALREADY_DONE)


@pytest.mark.parametrize("was", ["whole", "damaged"])
def test_what_somebody_has_ended_is_a_success_and_does_not_come_back(bench: Bench, was: str) -> None:
    bench.send()
    event = decode(bench.broker.received[0].topic, bench.broker.received[0].value, bench.broker.received[0].headers)
    assert isinstance(event, InstanceReceived)
    if was == "damaged":
        assert bench.arrivals.damaged(event.site, event.digest)
    bench.store.objects.clear()
    bench.ended.add(event.arrival)
    assert bench.send() == Answer(SUCCESS, Reason.ALREADY_DONE)
    assert bench.store.objects == {}
    assert len(bench.broker.received) == 1


def test_whether_it_was_ended_only_the_broker_knows(bench: Bench) -> None:
    bench.send()
    bench.store.objects.clear()
    bench.broker.away = True
    assert bench.send() == Answer(OUT_OF_RESOURCES, Reason.BROKER_AWAY)
    assert bench.store.objects == {}


def test_what_was_stored_again_and_not_told_is_no_repeat(bench: Bench) -> None:
    """Else it would lie there for ever, since its first event has found nothing."""
    bench.send()
    bench.store.objects.clear()
    publish = bench.broker.publish

    def away(output: Output) -> None:
        raise Transient("away")

    bench.broker.publish = away  # type: ignore[method-assign]
    assert bench.send() == Answer(OUT_OF_RESOURCES, Reason.BROKER_AWAY)
    assert len(bench.store.objects) == 1
    _catch_up(bench.arrivals, bench.broker)
    bench.broker.publish = publish  # type: ignore[method-assign]
    assert bench.send() == Answer(SUCCESS)
    assert len(bench.broker.received) == 2


def test_the_same_from_another_site_is_another_arrival(bench: Bench) -> None:
    bench.send()
    assert bench.send(site=Site(code="site-b", project="demo")) == Answer(SUCCESS)
    assert len(bench.broker.received) == 2


def test_what_comes_in_bulk_is_announced_on_a_topic_of_its_own(bench: Bench) -> None:
    assert bench.send(lane="bulk") == Answer(SUCCESS)
    assert bench.broker.received == []
    (record,) = bench.broker.in_bulk
    event = decode(record.topic, record.value, record.headers)
    assert isinstance(event, InstanceReceivedInBulk)
    assert bench.store.objects[event.key].endswith(STUDY)


def test_what_a_site_sends_beyond_its_share_goes_on_in_bulk_and_repeats_cost_nothing(bench: Bench) -> None:
    def data_set(number: int) -> bytes:
        return STUDY + b"\x28\x00\x10\x00US\x02\x00" + number.to_bytes(2, "little")

    bench.send(data_set(BURST), lane="bulk")
    for _ in range(2):
        for number in range(BURST):
            bench.send(data_set(number))
    assert (len(bench.broker.received), len(bench.broker.in_bulk)) == (BURST, 1)
    for number in range(BURST + 1, BURST + 4):
        assert bench.send(data_set(number)).status == SUCCESS
        assert bench.send(data_set(number)) == Answer(SUCCESS, Reason.ALREADY_DONE)
    assert bench.send(site=Site(code="site-b", project="demo")) == Answer(SUCCESS)
    assert [record.key for record in bench.broker.in_bulk] == ["site-a"] * 4
    assert len(bench.broker.received) == BURST + 1


@pytest.mark.parametrize(("first", "second"), [("live", "bulk"), ("bulk", "live")])
def test_the_same_on_the_other_lane_is_a_repeat(bench: Bench, first: Lane, second: Lane) -> None:
    bench.send(lane=first)
    assert bench.send(lane=second) == Answer(SUCCESS, Reason.ALREADY_DONE)
    assert len(bench.broker.received) + len(bench.broker.in_bulk) == 1


def test_both_lanes_state_the_same_fact(tmp_path: Path) -> None:
    """Two lives of a receiver without a view of what was: the event's id still counts it once."""
    ids = set()
    for lane in ("live", "bulk"):
        bench = Bench(tmp_path / lane)
        bench.send(lane=lane)  # type: ignore[arg-type]
        (record,) = bench.broker.received or bench.broker.in_bulk
        ids.add(header(record.headers, "ce_id"))
        bench.arrivals.close()
    assert len(ids) == 1


def test_the_same_twice_at_once_waits_for_the_first(bench: Bench) -> None:
    entered, go = threading.Event(), threading.Event()
    put = bench.store.put

    def slow(key: str, data: bytes, content_type: str = "application/dicom") -> None:
        entered.set()
        assert go.wait(5)
        put(key, data, content_type)

    bench.store.put = slow  # type: ignore[method-assign]
    answers: list[Answer] = []
    first = threading.Thread(target=lambda: answers.append(bench.send()))
    first.start()
    assert entered.wait(5)
    second = threading.Thread(target=lambda: answers.append(bench.send()))
    second.start()
    second.join(0.1)
    assert answers == []
    go.set()
    first.join(5)
    second.join(5)
    assert [answer.reason for answer in answers] == [None, Reason.ALREADY_DONE]
    assert len(bench.broker.received) == 1


def _catch_up(arrivals: Arrivals, broker: Broker) -> int:
    topics = {InstanceReceived.topic: broker.received, InstanceReceivedInBulk.topic: broker.in_bulk}
    return arrivals.catch_up(
        lambda: {(topic, 0): len(records) for topic, records in topics.items()},
        lambda start: [record for topic in topics for record in topics[topic][start.get((topic, 0), 0) :]],
    )


@pytest.mark.parametrize("lane", ["live", "bulk"])
def test_a_restart_learns_from_the_topic_what_its_own_notes_lack(bench: Bench, tmp_path: Path, lane: Lane) -> None:
    """Killed after the broker's acknowledgement and before our own note of it."""
    bench.send(lane=lane)
    fresh = Arrivals(tmp_path / "fresh" / "arrivals.sqlite")
    assert fresh.standing("site-a", part10.digest(STUDY, EXPLICIT)) is not Standing.PUBLISHED
    assert _catch_up(fresh, bench.broker) == 1
    assert fresh.standing("site-a", part10.digest(STUDY, EXPLICIT)) is Standing.PUBLISHED
    assert _catch_up(fresh, bench.broker) == 0
    fresh.close()


def test_a_broker_that_goes_away_during_the_catching_up_can_be_asked_again(bench: Bench, tmp_path: Path) -> None:
    bench.send()
    fresh = Arrivals(tmp_path / "fresh" / "arrivals.sqlite")

    def breaks_off(start: Offsets) -> Iterator[Record]:
        yield bench.broker.received[0]
        raise Transient("away")

    with pytest.raises(Transient):
        fresh.catch_up(lambda: {(InstanceReceived.topic, 0): 1}, breaks_off)
    assert _catch_up(fresh, bench.broker) == 1
    fresh.close()


def test_a_topic_that_began_anew_is_read_anew(bench: Bench) -> None:
    bench.send()
    bench.send(STUDY + b"\x28\x00\x10\x00US\x02\x00\x00\x02")
    _catch_up(bench.arrivals, bench.broker)
    assert _catch_up(bench.arrivals, Broker()) == 0
    assert bench.arrivals.standing("site-a", part10.digest(STUDY, EXPLICIT)) is not Standing.PUBLISHED


def test_records_that_are_no_arrivals_do_not_stop_a_restart(bench: Bench) -> None:
    bench.broker.produce(Output(InstanceReceived.topic, "k", b"{", ()))
    bench.send()
    assert _catch_up(bench.arrivals, bench.broker) == 2
