"""The stage runner on a log in memory: what becomes of records when all goes well and when it does not."""

import base64
import threading
from collections.abc import Callable, Sequence

import pytest

from shared import telemetry
from shared.events import (
    CleanDeadLetter,
    IdentifiedDeadLetter,
    InstanceDecided,
    InstanceHeld,
    InstanceReceived,
    Outgoing,
)
from shared.events.envelope import decode, header
from shared.events.lanes import Lane, kept
from shared.health import Health
from shared.kafka import LogLost, Output, Record
from shared.outcome import Done, Fenced, Outcome, Quarantine, Reason, Reject, Skip, Transient
from shared.runner import DeadLetters, Each, Handling, Incoming, Runner, Stage, Whole, pauses, runner
from tests.support.events import anonymised, decided, received, record_of
from tests.support.memory_log import LIMIT, MemoryBroker, MemoryLog

SOURCE = InstanceReceived.topic
IN_BULK = f"{SOURCE}.bulk"
TARGET = "clean.instance.anonymised"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture(autouse=True, scope="module")
def _tracing() -> None:
    telemetry.configure_tracing("test", "0", "1.0")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (runner, pauses):
        monkeypatch.setattr(module, "backoff", lambda attempt: 0.001)
    monkeypatch.setattr(pauses, "IDLE", 0.001)


class Bench:
    """A broker with records, and a runner that stops when the topic is read."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.log = MemoryLog(self.broker, "stage", [SOURCE], bulk=[IN_BULK])
        self.health = Health()
        self.stop = threading.Event()

    def put(self, count: int = 1, lane: Lane = "live") -> None:
        for number in range(count):
            outgoing = kept(Outgoing.of(received(arrival=f"{number:032x}")), lane)
            self.broker.produce(record_of(outgoing, PARENT))

    def run(
        self,
        handling: Handling,
        identified: bool = True,
        rounds: int = 20,
        idle: Callable[[float], None] = lambda timeout: None,
    ) -> None:
        letters = DeadLetters("stage", "1.0", identified=identified)
        log, stop = self.log, self.stop

        class Ends(MemoryLog):
            """Stops the runner once nothing is left."""

            def poll(self, limit: int, timeout: float) -> list[Record]:
                nonlocal rounds
                rounds -= 1
                taken = log.poll(limit, timeout)
                if not taken or rounds == 0:
                    stop.set()
                return taken

            def commit(self, batch: Sequence[Record], outputs: Sequence[Output]) -> None:
                log.commit(batch, outputs)

            def owns(self, record: Record) -> bool:
                return log.owns(record)

            def give_up(self, batch: Sequence[Record]) -> None:
                log.give_up(batch)

            def idle(self, timeout: float) -> None:
                idle(timeout)

        source = Ends(self.broker, "stage", [SOURCE])
        Runner(Stage("stage", handling, letters, batch_size=10), source, self.health, self.stop).run()

    def published(self, topic: str) -> list[Record]:
        return self.broker.topics[topic]

    def letters(self) -> list[IdentifiedDeadLetter]:
        found = [
            decode(record.topic, record.value, record.headers) for record in self.published("identified.dead-letter")
        ]
        assert all(isinstance(letter, IdentifiedDeadLetter) for letter in found)
        return found  # type: ignore[return-value]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def _done(record: Incoming) -> Outcome:
    assert isinstance(record.event, InstanceReceived)
    return Done((Outgoing.of(anonymised(arrival=record.event.arrival)),))


def _each(handle: Callable[[Incoming], Outcome]) -> Each:
    return Each("stage", handle, workers=2)


def test_publishes_results_and_moves_on_in_one_transaction(bench: Bench) -> None:
    bench.put(3)
    bench.run(_each(_done))
    assert bench.log.commits == [(3, 3)]
    assert len(bench.published(TARGET)) == 3


def test_what_came_in_bulk_goes_on_in_bulk_under_the_same_id(bench: Bench) -> None:
    bench.put()
    bench.put(lane="bulk")
    bench.run(_each(_done))
    (live,), (bulk,) = bench.published(TARGET), bench.published(f"{TARGET}.bulk")
    assert header(live.headers, "ce_id") == header(bulk.headers, "ce_id")
    assert (
        decode(bulk.topic, bulk.value, bulk.headers).model_dump()
        == decode(live.topic, live.value, live.headers).model_dump()
    )
    assert bulk.key == "site-a"


def test_results_continue_the_trace(bench: Bench) -> None:
    bench.put()
    seen: list[str | None] = []

    def handle(record: Incoming) -> Outcome:
        seen.append(record.trace_id)
        return _done(record)

    bench.run(_each(handle))
    assert seen == [TRACE]
    traceparent = header(bench.published(TARGET)[0].headers, "traceparent")
    assert traceparent is not None
    assert traceparent.split("-")[1] == TRACE
    assert traceparent != PARENT


@pytest.mark.parametrize("kind", [Quarantine, Reject])
def test_verdicts_publish_what_they_carry(bench: Bench, kind: type[Quarantine] | type[Reject]) -> None:
    bench.put()
    bench.run(_each(lambda _: kind(Reason.OVERLAY, (Outgoing.of(anonymised()),))))
    assert len(bench.published(TARGET)) == 1
    assert bench.published("identified.dead-letter") == []


def test_skip_moves_on_without_a_word(bench: Bench) -> None:
    bench.put(2)
    bench.run(_each(lambda _: Skip(Reason.ALREADY_DONE)))
    assert bench.log.commits == [(2, 0)]


def test_transient_trouble_is_tried_again_and_only_where_it_was(bench: Bench) -> None:
    bench.put(3)
    calls: list[str] = []

    def handle(record: Incoming) -> Outcome:
        assert isinstance(record.event, InstanceReceived)
        calls.append(record.event.arrival[-1])
        if record.event.arrival.endswith("1") and calls.count("1") < 3:
            raise Transient("store")
        return _done(record)

    bench.run(_each(handle))
    assert sorted(calls) == ["0", "1", "1", "1", "2"]
    assert [record.headers for record in bench.published(TARGET)]
    assert bench.log.commits == [(3, 3)]
    assert bench.published("identified.dead-letter") == []
    assert bench.health.waiting_for is None


def test_while_a_dependency_is_away_the_service_is_not_ready(bench: Bench) -> None:
    bench.put()
    states: list[str | None] = []

    def handle(record: Incoming) -> Outcome:
        states.append(bench.health.waiting_for)
        if len(states) < 2:
            raise Transient("store")
        return _done(record)

    bench.run(_each(handle))
    assert states[1] == "store"
    assert bench.health.waiting_for is None


def test_told_to_stop_while_waiting_nothing_is_committed(bench: Bench) -> None:
    bench.put(2)

    def handle(record: Incoming) -> Outcome:
        bench.stop.set()
        raise Transient("store")

    bench.run(_each(handle))
    assert bench.log.commits == []


def test_a_broker_that_is_away_at_the_commit_is_waited_for(bench: Bench) -> None:
    bench.put(2)
    bench.log.away = 3
    bench.run(_each(_done))
    assert bench.log.commits == [(2, 2)]


def test_an_aborted_transaction_is_done_again(bench: Bench) -> None:
    bench.put(2)
    bench.log.aborts = 1
    bench.run(_each(_done))
    assert bench.log.commits == [(2, 2)]
    assert len(bench.published(TARGET)) == 2


def test_what_is_no_longer_ours_is_given_up_and_comes_again(bench: Bench) -> None:
    bench.put(3)
    sizes: list[int] = []

    def handle(batch: Sequence[Incoming]) -> Sequence[Outcome]:
        sizes.append(len(batch))
        if len(sizes) < 3:
            raise Fenced
        return [_done(record) for record in batch]

    bench.run(Whole("stage", handle))
    assert sizes == [3, 3, 3]
    assert bench.log.commits == [(3, 3)]
    assert bench.published("identified.dead-letter") == []


def test_a_bug_becomes_a_dead_letter_and_costs_no_other_record(bench: Bench) -> None:
    bench.put(3)

    def handle(record: Incoming) -> Outcome:
        assert isinstance(record.event, InstanceReceived)
        if record.event.arrival.endswith("1"):
            raise KeyError("JONES^MARY")
        return _done(record)

    bench.run(_each(handle))
    assert len(bench.published(TARGET)) == 2
    (letter,) = bench.letters()
    assert (letter.reason, letter.error, letter.source_offset, letter.trace_id) == ("unexpected", "KeyError", 1, TRACE)
    assert letter.record_value is not None
    assert b"JONES" not in (bench.published("identified.dead-letter")[0].value or b"")
    assert base64.b64decode(letter.record_value) == bench.published(SOURCE)[1].value


def test_one_bad_record_does_not_spoil_a_batch_that_is_handled_as_a_whole(bench: Bench) -> None:
    bench.put(3)

    def handle(batch: Sequence[Incoming]) -> Sequence[Outcome]:
        if any(record.offset == 1 for record in batch):
            raise ValueError
        return [_done(record) for record in batch]

    bench.run(Whole("stage", handle))
    assert len(bench.published(TARGET)) == 2
    assert [letter.source_offset for letter in bench.letters()] == [1]


def test_an_undecodable_event_is_a_dead_letter(bench: Bench) -> None:
    bench.broker.produce(
        Output(SOURCE, "k", b"{not json", (("ce_type", b"isocentre.identified.instance.received.v1"),))
    )
    bench.broker.produce(Output(SOURCE, "k", b"{}", ()))
    bench.put()
    bench.run(_each(_done))
    assert [letter.reason for letter in bench.letters()] == ["undecodable-event"] * 2
    assert len(bench.published(TARGET)) == 1


@pytest.mark.parametrize("traceparent", ["garbage", "00--01", f"00-{'9' * 200}-b7ad6b7169203331-01", "-"])
def test_a_traceparent_that_is_none_does_no_harm(bench: Bench, traceparent: str) -> None:
    bench.broker.produce(record_of(Outgoing.of(received()), traceparent))
    bench.broker.produce(Output(SOURCE, "k", b"{", (("traceparent", traceparent.encode()),)))
    bench.run(_each(_done))
    assert len(bench.published(TARGET)) == 1
    assert [letter.trace_id for letter in bench.letters()] == [None]


def test_partitions_that_move_during_a_commit_are_not_committed(bench: Bench) -> None:
    bench.put(2)
    bench.log.away = 1

    def idle(timeout: float) -> None:
        # Only in the wait after the commit's first try.
        if bench.log.away == 0:
            bench.log.lost.add(SOURCE)

    with pytest.raises(LogLost):
        bench.run(_each(_done), idle=idle)
    assert bench.log.commits == []


def test_the_clean_side_learns_of_an_identified_dead_letter_by_site_and_reason_only(bench: Bench) -> None:
    bench.put()

    def handle(record: Incoming) -> Outcome:
        raise RuntimeError

    bench.run(_each(handle))
    (record,) = bench.published(InstanceHeld.topic)
    assert header(record.headers, "traceparent") is None
    assert decode(record.topic, record.value, record.headers) == InstanceHeld(
        site="site-a", project="demo", outcome="dead-lettered", reason="unexpected"
    )


def test_a_decision_that_becomes_a_dead_letter_leaves_its_instance_counted_as_it_was(bench: Bench) -> None:
    bench.log = MemoryLog(bench.broker, "stage", [InstanceDecided.topic])
    bench.broker.produce(record_of(Outgoing.of(decided()), PARENT))

    def handle(record: Incoming) -> Outcome:
        raise RuntimeError

    bench.run(_each(handle))
    assert [letter.source_topic for letter in bench.letters()] == [InstanceDecided.topic]
    assert bench.published(InstanceHeld.topic) == []


def test_dead_letters_of_the_clean_side_stay_there(bench: Bench) -> None:
    bench.put()

    def handle(record: Incoming) -> Outcome:
        raise RuntimeError

    bench.run(_each(handle), identified=False)
    (record,) = bench.published("clean.dead-letter")
    assert isinstance(decode(record.topic, record.value, record.headers), CleanDeadLetter)
    assert bench.published(InstanceHeld.topic) == []


def test_outputs_that_are_too_large_make_a_dead_letter(bench: Bench) -> None:
    bench.put(2)

    def handle(record: Incoming) -> Outcome:
        if record.offset == 0:
            return Done((Outgoing.of(anonymised(header={"00100010": {"vr": "LT", "Value": ["x" * LIMIT]}})),))
        return _done(record)

    bench.run(_each(handle))
    assert [letter.reason for letter in bench.letters()] == ["output-too-large"]
    assert len(bench.published(TARGET)) == 1


def test_a_dead_letter_that_is_too_large_carries_coordinates(bench: Bench) -> None:
    large = record_of(Outgoing.of(received(association="x" * (LIMIT - 2000))))
    bench.broker.produce(large)

    def handle(record: Incoming) -> Outcome:
        raise RuntimeError

    bench.run(_each(handle))
    (letter,) = bench.letters()
    assert letter.record_value is None
    assert (letter.source_topic, letter.source_partition, letter.source_offset) == (SOURCE, 0, 0)


def test_a_dead_letter_that_is_refused_for_good_stops_the_stage(bench: Bench) -> None:
    bench.broker.produce(Output(SOURCE, "k" * (LIMIT + 1), b"{}", (("ce_type", b"x" * (LIMIT + 1)),)))
    with pytest.raises(LogLost):
        bench.run(_each(_done))
    assert bench.log.commits == []


def test_what_a_rebalance_took_away_is_left_to_its_new_owner(bench: Bench) -> None:
    bench.put(2)

    def handle(record: Incoming) -> Outcome:
        bench.log.lost.add(SOURCE)
        return _done(record)

    bench.run(_each(handle))
    assert bench.log.commits == []
    assert bench.published(TARGET) == []
