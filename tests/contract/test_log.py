"""What the runner may expect of a log: one suite for the fake and for the real Kafka."""

import os
import secrets
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from infra.local.state import Stack
from shared.kafka import (
    GroupProtocol,
    KafkaLog,
    Log,
    LogLost,
    OffsetLost,
    Output,
    Publisher,
    Record,
    TooLarge,
    read_to_end,
)
from shared.kafka.transaction import Consumed, Transaction
from shared.outcome import Transient
from tests.support.memory_claims import MemoryClaims
from tests.support.memory_log import MemoryBroker, MemoryLog
from tests.support.waiting import until


@dataclass
class Bench:
    """A source topic, a target topic and ways to look at them."""

    stage: str
    source: str
    target: str
    open: Callable[[], Log]
    produce: Callable[[Output], None]
    published: Callable[[], Sequence[Record]]
    bootstrap: str = ""
    bulk: str = "bulk"
    rerun: str = "rerun"
    parked: str = "parked"

    def fill_bulk(self, count: int) -> None:
        for number in range(count):
            self.produce(Output(self.bulk, f"key-{number}", f"bulk-{number}".encode()))


def _memory() -> Bench:
    broker = MemoryBroker()
    return Bench(
        stage="stage",
        source="source",
        target="target",
        open=lambda: MemoryLog(broker, "stage", ["source"], bulk=["bulk"], rerun=["rerun"], parked=["parked"]),
        produce=broker.produce,
        published=lambda: broker.topics["target"],
    )


def _kafka(bootstrap: str, protocol: GroupProtocol = "classic") -> Bench:
    name = f"contract-{secrets.token_hex(4)}"
    source, target, bulk, rerun, parked = (f"{name}-{what}" for what in ("source", "target", "bulk", "rerun", "parked"))
    admin = AdminClient({"bootstrap.servers": bootstrap})
    large = {"max.message.bytes": "4194304"}
    topics = [
        NewTopic(source, 1, config=large),
        NewTopic(target, 1),
        NewTopic(bulk, 2),
        NewTopic(rerun, 1),
        NewTopic(parked, 2),
    ]
    created = admin.create_topics(topics)
    for future in created.values():
        future.result(10)
    publisher = Publisher(bootstrap, timeout=10)
    return Bench(
        stage=name,
        source=source,
        target=target,
        open=lambda: KafkaLog(
            bootstrap, name, "0", [source], bulk=[bulk], rerun=[rerun], parked=[parked], protocol=protocol
        ),
        produce=publisher.publish,
        published=lambda: list(read_to_end(bootstrap, [target])),
        bootstrap=bootstrap,
        bulk=bulk,
        rerun=rerun,
        parked=parked,
    )


@pytest.fixture(params=["memory", "kafka", pytest.param("kip-848", marks=pytest.mark.chaos)])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "memory":
        return _memory()
    components: Stack = request.getfixturevalue("components")
    return _kafka(components.kafka_bootstrap_servers, "classic" if request.param == "kafka" else "consumer")


@pytest.fixture
def log(bench: Bench) -> Iterator[Log]:
    opened = bench.open()
    yield opened
    opened.close()


def _fill(bench: Bench, count: int) -> None:
    for number in range(count):
        bench.produce(Output(bench.source, f"key-{number}", str(number).encode(), (("h", b"v"),)))


def _poll(log: Log, count: int) -> list[Record]:
    """Poll until `count` records are there."""
    records: list[Record] = []
    deadline = time.monotonic() + 30
    while len(records) < count:
        assert time.monotonic() < deadline, f"{len(records)} of {count}"
        records += log.poll(count - len(records), 1.0)
    return records


def _published(bench: Bench) -> Sequence[Record]:
    """What was committed: the coordinator answers before its markers stand in the target."""
    return until(bench.published, "something is published")


def test_delivers_in_order_with_key_value_and_headers(bench: Bench, log: Log) -> None:
    _fill(bench, 5)
    records = _poll(log, 5)
    assert [record.value for record in records] == [b"0", b"1", b"2", b"3", b"4"]
    assert [record.offset for record in records] == [0, 1, 2, 3, 4]
    assert records[3].key == "key-3"
    assert records[3].headers == (("h", b"v"),)


def test_gives_no_more_than_asked_for(bench: Bench, log: Log) -> None:
    _fill(bench, 5)
    assert len(_poll(log, 1)) == 1
    assert len(log.poll(2, 5.0)) <= 2


def test_commit_publishes_and_moves_on_together(bench: Bench, log: Log) -> None:
    _fill(bench, 3)
    records = _poll(log, 3)
    log.commit(records[:2], [Output(bench.target, "k", b"out", (("traceparent", b"t"),))])
    log.close()
    assert [(record.key, record.value, record.headers) for record in _published(bench)] == [
        ("k", b"out", (("traceparent", b"t"),))
    ]
    again = bench.open()
    assert [record.value for record in _poll(again, 1)] == [b"2"]
    again.close()


def test_what_was_not_committed_comes_again(bench: Bench, log: Log) -> None:
    _fill(bench, 2)
    assert len(_poll(log, 2)) == 2
    log.close()
    again = bench.open()
    assert [record.value for record in _poll(again, 2)] == [b"0", b"1"]
    assert bench.published() == []
    again.close()


def test_what_is_given_up_comes_again(bench: Bench, log: Log) -> None:
    _fill(bench, 3)
    records = _poll(log, 3)
    log.commit(records[:1], [])
    log.give_up(records[1:])
    assert [record.value for record in _poll(log, 2)] == [b"1", b"2"]
    assert bench.published() == []


def test_an_output_that_is_too_large_is_named_and_nothing_published(bench: Bench, log: Log) -> None:
    _fill(bench, 1)
    records = _poll(log, 1)
    outputs = [Output(bench.target, "k", b"small"), Output(bench.target, "k", bytes(5_000_000))]
    with pytest.raises(TooLarge) as refused:
        log.commit(records, outputs)
    assert refused.value.index == 1
    assert bench.published() == []
    log.commit(records, outputs[:1])
    assert [record.value for record in _published(bench)] == [b"small"]


def test_lag_falls_to_nothing(bench: Bench, log: Log) -> None:
    _fill(bench, 3)
    records = _poll(log, 3)
    log.commit(records, [])
    log.poll(10, 1.0)
    assert log.lag() == {"live": 0, "bulk": 0, "rerun": 0}


def test_idle_takes_no_record(bench: Bench, log: Log) -> None:
    _fill(bench, 1)
    first = _poll(log, 1)
    _fill(bench, 2)
    log.idle(1.0)
    log.idle(0)
    assert [record.value for record in _poll(log, 2)] == [b"0", b"1"]
    assert log.owns(first[0])


# --- lanes


FETCHED = 1.0
"""Seconds after which the client has fetched what was produced before."""


def _values(records: Sequence[Record]) -> list[str]:
    return [(record.value or b"").decode() for record in records]


def test_what_is_live_waits_for_one_batch_of_a_backlog_at_most(bench: Bench, log: Log) -> None:
    bench.fill_bulk(40)
    log.commit(_poll(log, 4), [])
    _fill(bench, 2)
    time.sleep(FETCHED)
    assert ["0", "1"] in [_values(log.poll(4, 5.0)) for _ in range(2)]


def test_a_backlog_comes_in_slices_and_what_is_live_in_batches(bench: Bench, log: Log) -> None:
    bench.fill_bulk(40)
    first = _poll(log, 1)
    time.sleep(FETCHED)
    assert len(log.poll(40, 5.0)) < 10
    log.commit(first, [])
    _fill(bench, 40)
    time.sleep(FETCHED)
    assert max(len(log.poll(40, 5.0)) for _ in range(2)) > 10


def test_no_lane_stands_still_behind_what_is_live(bench: Bench, log: Log) -> None:
    bench.fill_bulk(3)
    _fill(bench, 1)
    taken = _poll(log, 4)
    bench.fill_bulk(1)
    bench.produce(Output(bench.rerun, "key", b"again"))
    _fill(bench, 40)
    log.commit(taken, [])
    time.sleep(FETCHED)
    records = [record for _ in range(12) for record in log.poll(1, 5.0)]
    assert {record.lane: record.topic for record in records} == {
        "live": bench.source,
        "bulk": bench.bulk,
        "rerun": bench.rerun,
    }
    live = [record for record in records if record.lane == "live"]
    assert _values(live) == [str(number) for number in range(10)]


def test_what_comes_while_others_are_handled_is_kept_in_order(bench: Bench, log: Log) -> None:
    bench.fill_bulk(200)
    first = _poll(log, 1)
    time.sleep(FETCHED)
    for _ in range(150):
        log.idle(0)
    log.commit(first, [])
    found = [*first, *_poll(log, 199)]
    for partition in {record.partition for record in found}:
        offsets = [record.offset for record in found if record.partition == partition]
        assert offsets == list(range(len(offsets)))
    assert log.lag()["bulk"] == 0


def test_what_comes_while_others_are_handled_comes_again_after_an_abort(bench: Bench, log: Log) -> None:
    bench.fill_bulk(100)
    first = _poll(log, 1)
    time.sleep(FETCHED)
    for _ in range(100):
        log.idle(0)
    log.close()
    again = bench.open()
    assert len({(record.partition, record.offset) for record in _poll(again, 100)}) == 100
    assert first[0].offset == 0
    again.close()


def test_what_comes_while_others_are_handled_is_not_lost_when_those_are_given_up(bench: Bench, log: Log) -> None:
    bench.fill_bulk(1)
    taken = _poll(log, 1)
    _fill(bench, 3)
    time.sleep(FETCHED)
    for _ in range(10):
        log.idle(0)
    log.give_up(taken)
    assert sorted(_values(_poll(log, 4))) == ["0", "1", "2", "bulk-0"]


def test_each_lane_moves_on_by_itself(bench: Bench, log: Log) -> None:
    bench.fill_bulk(2)
    _fill(bench, 2)
    records = _poll(log, 4)
    log.commit([record for record in records if record.topic == bench.source], [Output(bench.target, "k", b"out")])
    log.close()
    again = bench.open()
    assert sorted(_values(_poll(again, 2))) == ["bulk-0", "bulk-1"]
    again.close()


def test_one_commit_may_take_both_lanes(bench: Bench, log: Log) -> None:
    bench.fill_bulk(2)
    _fill(bench, 2)
    log.commit(_poll(log, 4), [Output(bench.target, "k", b"out")])
    log.close()
    again = bench.open()
    assert again.poll(4, 3.0) == []
    again.close()
    assert [record.value for record in bench.published()] == [b"out"]


# --- what is parked


def _park(bench: Bench, *numbers: int) -> None:
    for number in numbers:
        bench.produce(Output(bench.parked, f"key-{number}", f"parked-{number}".encode()))


def _unparked(log: Log) -> list[Record]:
    """All that comes until there is no more, each batch committed as the runner does it."""
    records: list[Record] = []
    deadline = time.monotonic() + 60
    while log.unparking:
        assert time.monotonic() < deadline, records
        records += (batch := log.poll(4, 0.5))
        log.commit(batch, [])
    return records


def test_what_is_parked_is_read_when_asked_for_and_to_its_end_as_it_is_then(bench: Bench, log: Log) -> None:
    _park(bench, *range(5))
    assert log.poll(4, 1.0) == []
    assert not log.unparking
    log.unpark(10)
    _park(bench, *range(5, 9))
    records = _unparked(log)
    assert sorted(_values(records)) == [f"parked-{number}" for number in range(5)]
    assert {record.lane for record in records} == {"rerun"}
    assert log.poll(4, 1.0) == []
    log.unpark(10)
    later = _unparked(log)
    assert sorted(_values(later)) == [f"parked-{number}" for number in range(5, 9)]
    log.unpark(10)
    assert _unparked(log) == []


def test_no_more_of_what_is_parked_is_taken_at_once_than_asked_for_and_none_when_told(bench: Bench, log: Log) -> None:
    _park(bench, *range(6))
    log.unpark(1)
    first = _poll(log, 1)
    assert len(first) == 1
    log.commit(first, [])
    assert len(log.poll(4, 5.0)) == 1
    log.unpark(0)
    assert not log.unparking
    assert log.poll(4, 1.0) == []


def test_what_was_unparked_and_not_committed_comes_again(bench: Bench, log: Log) -> None:
    _park(bench, *range(6))
    log.unpark(10)
    taken = _poll(log, 6)
    log.give_up(taken)
    assert log.unparking
    assert sorted(_values(_poll(log, 6))) == [f"parked-{number}" for number in range(6)]
    log.close()
    again = bench.open()
    again.unpark(10)
    assert len(_unparked(again)) == 6
    again.close()


# --- what only the real one can show


def test_partitions_of_a_lane_take_turns(kafka: Bench) -> None:
    """A site's backlog fills one partition, and another site's ten lie in the other: they wait for a portion of it."""
    key_of = {zlib.crc32(key.encode()) % 2: key for key in ("site-a", "site-b", "site-c", "site-d")}
    for number in range(1500):
        kafka.produce(Output(kafka.bulk, key_of[0], f"backlog {number}".encode() + bytes(1000)))
    log = kafka.open()
    log.commit(_poll(log, 100), [])
    for number in range(10):
        kafka.produce(Output(kafka.bulk, key_of[1], f"other {number}".encode()))
    before = 0
    found: list[Record] = []
    while sum(record.key == key_of[1] for record in found) < 10:
        found += log.poll(16, 5.0)
        log.commit(found[before:], [])
        before = len(found)
    log.close()
    assert before < 150


def test_what_comes_while_others_are_handled_is_lag_once_it_is_much(kafka: Bench) -> None:
    """Some of it is taken, since who pauses fetches it anew; more stays in the topic."""
    _fill(kafka, 200)
    log = kafka.open()
    log.commit(_poll(log, 1), [])
    time.sleep(FETCHED)
    for _ in range(190):
        log.idle(0)
    assert 100 < log.lag()["live"] < 190
    assert _values(_poll(log, 199)) == [str(number) for number in range(1, 200)]
    log.close()


def test_what_came_from_a_partition_that_moved_meanwhile_is_its_new_owners(kafka: Bench) -> None:
    kafka.fill_bulk(60)
    one = kafka.open()
    two = KafkaLog(kafka.bootstrap, kafka.stage, "1", [kafka.source], bulk=[kafka.bulk])
    _poll(one, 1)
    time.sleep(FETCHED)
    for _ in range(60):
        one.idle(0)
    with ThreadPoolExecutor() as pool:
        moved = pool.submit(_poll, two, 5)
        while not moved.done():
            one.idle(0.05)
    theirs = {record.partition for record in moved.result()}
    ours = {record.partition for _ in range(20) for record in one.poll(64, 0.1)}
    one.close()
    two.close()
    assert (len(theirs), len(ours)) == (1, 1)
    assert theirs != ours


@pytest.fixture
def kafka(components: Stack) -> Bench:
    return _kafka(components.kafka_bootstrap_servers)


@pytest.mark.parametrize("later", [0.0, 1.0])
def test_a_topic_that_takes_less_than_registered_stops_the_stage(
    kafka: Bench, monkeypatch: pytest.MonkeyPatch, later: float
) -> None:
    """Trying again would never end, and dropping the record would lose it: a person has to look.

    `later`: seconds before the offsets are sent; the refusal may be there by then.
    """
    send = Transaction._send

    def send_later(transaction: Transaction, part: Consumed) -> None:
        time.sleep(later)
        send(transaction, part)

    monkeypatch.setattr(Transaction, "_send", send_later)
    _fill(kafka, 1)
    bootstrap, source = kafka.bootstrap, kafka.source
    log = KafkaLog(bootstrap, source, "0", [source], limit=lambda _: 10_000_000)
    records = _poll(log, 1)
    with pytest.raises(LogLost, match="refuses a record"):
        log.commit(records, [Output(kafka.target, "k", secrets.token_bytes(2_000_000))])
    assert kafka.published() == []
    log.close()


class Broker:
    """The session's broker, to stand still: its sockets stay open and nobody answers."""

    def __init__(self, components: Stack) -> None:
        pid = next(process.pid for process in components.processes if process.name == "kafka")
        assert pid is not None
        self._pid = pid

    def stop(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def stops_at_the_commit(self, patch: pytest.MonkeyPatch) -> None:
        """As soon as it has the offsets of a transaction, and before it hears that this is to be committed."""
        send = Transaction._send

        def send_and_stop(transaction: Transaction, part: Consumed) -> None:
            send(transaction, part)
            self.stop()

        patch.setattr(Transaction, "_send", send_and_stop)


@pytest.fixture
def broker(components: Stack) -> Iterator[Broker]:
    found = Broker(components)
    yield found
    found.go_on()


def test_a_commit_that_is_asked_for_again_goes_on(
    kafka: Bench, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(kafka, 1)
    log = kafka.open()
    records, outputs = _poll(log, 1), [Output(kafka.target, "k", b"out")]
    broker.stops_at_the_commit(monkeypatch)
    with pytest.raises(Transient):
        log.commit(records, outputs)
    broker.go_on()
    until(lambda: _commits_at_last(log, records, outputs), "it is committed")
    assert [record.value for record in _published(kafka)] == [b"out"]
    log.close()


@pytest.mark.parametrize("asked", [False, pytest.param(True, marks=pytest.mark.chaos)])
def test_no_transaction_outlives_what_the_broker_lets_it(
    kafka: Bench, broker: Broker, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    """The worker ends, and the next one begins where the broker says: behind what was committed, and only that."""
    _fill(kafka, 2)
    old = kafka.open()
    first = _poll(old, 1)
    if asked:
        broker.stops_at_the_commit(monkeypatch)
    else:
        broker.stop()
    with pytest.raises(LogLost, match="as long as a transaction may be open" if asked else ""):
        until(lambda: _commits_at_last(old, first, [Output(kafka.target, "k", b"0")]), "it gives up")
    broker.go_on()
    monkeypatch.undo()
    old.close()
    new = kafka.open()
    taken: list[Record] = []
    until(lambda: b"1" in [record.value for record in _polled_into(taken, new)], "the next one has the second", 60)
    new.commit(taken, [Output(kafka.target, "k", record.value or b"") for record in taken])
    wanted = [b"0", b"1"]
    assert until(lambda: [one.value for one in kafka.published()][-2:] == wanted, "both are published")
    assert [record.value for record in kafka.published()] == wanted
    new.close()


def _commits_at_last(log: Log, records: Sequence[Record], outputs: Sequence[Output]) -> bool:
    try:
        log.commit(records, outputs)
    except Transient:
        return False
    return True


def _polled_into(taken: list[Record], log: Log) -> list[Record]:
    """What has been taken so far. The coordinator may be loading yet."""
    with suppress(Transient):
        taken += log.poll(2, 1.0)
    return taken


def test_a_newer_worker_of_the_same_name_fences_the_older(kafka: Bench) -> None:
    old = kafka.open()
    _fill(kafka, 1)
    records = _poll(old, 1)
    new = kafka.open()
    taken = new.poll(1, 1.0)
    with pytest.raises(LogLost):
        old.commit(records, [Output(kafka.target, "k", b"from the grave")])
    again = taken or _poll(new, 1)
    new.commit(again, [Output(kafka.target, "k", b"alive")])
    assert [record.value for record in _published(kafka)] == [b"alive"]
    new.close()


def _claiming(kafka: Bench, claims: MemoryClaims, protocol: GroupProtocol = "classic") -> KafkaLog:
    return KafkaLog(kafka.bootstrap, kafka.stage, "0", [kafka.source], claims=claims, protocol=protocol)


BOTH: tuple[GroupProtocol, ...] = ("classic", "consumer")


@pytest.mark.parametrize("protocol", BOTH)
def test_records_tell_under_which_claim_they_were_taken(kafka: Bench, protocol: GroupProtocol) -> None:
    _fill(kafka, 3)
    claims = MemoryClaims()
    log = _claiming(kafka, claims, protocol)
    first = _poll(log, 1)
    log.commit(first, [])
    second = _poll(log, 1)
    log.give_up(second)
    third = _poll(log, 1)
    log.close()
    again = _claiming(kafka, claims, protocol)
    assert [record.epoch for record in (*first, *second, *third, *_poll(again, 1))] == [1, 1, 2, 3]
    again.close()


def test_what_could_not_be_claimed_comes_again(kafka: Bench) -> None:
    """Somebody claims between our looking and our claim."""

    class Disputed(MemoryClaims):
        disputes = 1

        def take(self, seen: Mapping[tuple[str, int], int]) -> None:
            if self.disputes:
                self.disputes -= 1
                super().take(seen)
            super().take(seen)

    _fill(kafka, 2)
    log = _claiming(kafka, Disputed())
    with pytest.raises(Transient):
        _poll(log, 2)
    assert [(record.value, record.epoch) for record in _poll(log, 2)] == [(b"0", 2), (b"1", 2)]
    log.close()


def test_who_is_no_member_any_more_cannot_claim(kafka: Bench) -> None:
    _fill(kafka, 1)
    claims = MemoryClaims()
    old = _claiming(kafka, claims)
    records = _poll(old, 1)
    new = _claiming(kafka, claims)
    assert [record.epoch for record in _poll(new, 1)] == [2]
    old.give_up(records)
    with pytest.raises(LogLost):
        until(lambda: old.poll(1, 1.0), "the old one polls", 30)
    assert claims.epochs == {(kafka.source, 0): 2}
    new.close()
    old.close()


def _commit_beyond_the_end(kafka: Bench) -> None:
    """As it is when the broker has lost records that were read, and their commit not."""
    _fill(kafka, 2)
    log = kafka.open()
    log.commit(_poll(log, 2), [])
    log.close()
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": kafka.stage})
    until(lambda: _commits(consumer, TopicPartition(kafka.source, 0, 100)), "the stage's session has ended", 60)
    consumer.close()


def _commits(consumer: Consumer, item: TopicPartition) -> bool:
    try:
        return all(done.error is None for done in consumer.commit(offsets=[item], asynchronous=False) or ())
    except KafkaException:
        return False


def test_an_offset_beyond_the_end_stops_the_stage(kafka: Bench) -> None:
    _commit_beyond_the_end(kafka)
    log = kafka.open()
    with pytest.raises(OffsetLost, match=f"^{kafka.source}/0 is not the log"):
        _poll(log, 1)
    log.close()


@pytest.mark.chaos
def test_a_person_can_have_it_begin_again(kafka: Bench) -> None:
    _commit_beyond_the_end(kafka)
    log = KafkaLog(kafka.bootstrap, kafka.stage, "0", [kafka.source], lost="beginning")
    assert [record.value for record in _poll(log, 2)] == [b"0", b"1"]
    log.close()


@pytest.mark.chaos
def test_a_person_can_have_it_go_on_with_what_comes(kafka: Bench) -> None:
    _commit_beyond_the_end(kafka)
    log = KafkaLog(kafka.bootstrap, kafka.stage, "0", [kafka.source], lost="end")

    def one_more() -> list[Record]:
        kafka.produce(Output(kafka.source, "key", b"new"))
        return log.poll(1, 1.0)

    assert [record.value for record in until(one_more, "it has found the end", 60)] == [b"new"]
    log.close()


def test_the_publisher_says_when_the_broker_is_away() -> None:
    publisher = Publisher("127.0.0.1:9", timeout=1.0)
    with pytest.raises(Transient):
        publisher.publish(Output("any", "k", b"v"))


_HOLDS = """
import sys
from shared.kafka import KafkaLog
log = KafkaLog(sys.argv[1], sys.argv[2], "0", [sys.argv[3]], protocol=sys.argv[4])
while not log.poll(1, 1.0):
    pass
print("taken", flush=True)
while True:
    log.idle(0.1)
"""


@contextmanager
def _worker_elsewhere(kafka: Bench, protocol: GroupProtocol) -> Iterator[subprocess.Popen[str]]:
    """A process that has taken a record and holds it."""
    command = [sys.executable, "-c", _HOLDS, kafka.bootstrap, kafka.stage, kafka.source, protocol]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        try:
            assert worker.stdout.readline() == "taken\n"
            yield worker
        finally:
            worker.kill()


@pytest.mark.parametrize("protocol", BOTH)
def test_what_a_killed_worker_had_is_taken_by_the_next_of_its_name(kafka: Bench, protocol: GroupProtocol) -> None:
    _fill(kafka, 2)
    with _worker_elsewhere(kafka, protocol) as worker:
        worker.kill()
        log = KafkaLog(kafka.bootstrap, kafka.stage, "0", [kafka.source], protocol=protocol)
        assert _values(_poll(log, 2)) == ["0", "1"]
        log.close()


def test_a_worker_of_the_other_protocol_takes_over(kafka: Bench) -> None:
    """The setting can be changed, worker by worker."""
    _fill(kafka, 3)
    for number, protocol in enumerate((*BOTH, BOTH[0])):
        log = KafkaLog(kafka.bootstrap, kafka.stage, "0", [kafka.source], protocol=protocol)
        taken = _poll(log, 1)
        assert _values(taken) == [str(number)]
        log.commit(taken, [])
        log.close()
