"""Records that are handled again: unwrapped in one place, settled in the transaction of their outcome, never a loop."""

import base64
import threading
from collections.abc import Callable
from typing import Any

import pytest

from shared.events import (
    CleanDeadLetter,
    CleanLetterSettled,
    CleanRequeued,
    Event,
    IdentifiedDeadLetter,
    IdentifiedLetterSettled,
    IdentifiedRequeued,
    InstanceHeld,
    InstanceReceived,
    InstanceUnheld,
    Outgoing,
)
from shared.events.envelope import decode, header
from shared.health import Health
from shared.kafka import Output, Record
from shared.outcome import Done, Outcome, Quarantine, Reason, Skip
from shared.runner import DeadLetters, Each, Incoming, Runner, Stage
from shared.runner.again import raw_fields, record_in
from tests.support.events import anonymised, received, record_of
from tests.support.memory_log import LIMIT, MemoryBroker, MemoryLog

SOURCE = InstanceReceived.topic
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Bench:
    """A stage on one broker, which runs until it has read everything."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()

    def run(self, handle: Callable[[Incoming], Outcome], identified: bool = True, stage: str = "stage") -> MemoryLog:
        again = IdentifiedRequeued if identified else CleanRequeued
        stop = threading.Event()

        class Ends(MemoryLog):
            def poll(self, limit: int, timeout: float) -> list[Record]:
                taken = super().poll(limit, timeout)
                if not taken:
                    stop.set()
                return taken

        log = Ends(self.broker, stage, [SOURCE], bulk=[again.topic])
        letters = DeadLetters(stage, "2.0", identified=identified)
        Runner(Stage(stage, Each(stage, handle, workers=2), letters, batch_size=10), log, Health(), stop).run()
        return log

    def events(self, model: type[Event]) -> list[Any]:
        return [decode(one.topic, one.value, one.headers) for one in self.broker.topics[model.topic]]

    def ids(self, model: type[Event]) -> list[str | None]:
        return [header(record.headers, "ce_id") for record in self.broker.topics[model.topic]]

    def requeue(self, **changes: Any) -> None:
        """What the operator's command does with the newest dead letter."""
        identified = bool(self.broker.topics[IdentifiedDeadLetter.topic])
        model = IdentifiedDeadLetter if identified else CleanDeadLetter
        letter, letter_id = self.events(model)[-1], self.ids(model)[-1]
        carried = letter.model_dump() | {"letter": letter_id, "requeues": letter.requeues + 1} | changes
        again = IdentifiedRequeued if identified else CleanRequeued
        self.broker.produce(record_of(Outgoing.of(again.model_validate(carried))))


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.broker.produce(record_of(Outgoing.of(received()), f"00-{TRACE}-b7ad6b7169203331-01"))
    return made


def dies(_: Incoming) -> Outcome:
    raise RuntimeError


def done(record: Incoming) -> Outcome:
    assert isinstance(record.event, InstanceReceived)
    return Done((Outgoing.of(anonymised(arrival=record.event.arrival)),))


def test_what_goes_through_settles_its_letter_in_the_same_transaction(bench: Bench) -> None:
    bench.run(dies)
    bench.requeue()
    seen: list[Incoming] = []

    def handle(record: Incoming) -> Outcome:
        seen.append(record)
        return done(record)

    log = bench.run(handle)
    (record,) = seen
    original = bench.broker.topics[SOURCE][0]
    assert (record.event, record.timestamp, record.trace_id) == (received(), original.timestamp, TRACE)
    assert (record.topic, record.offset) == (IdentifiedRequeued.topic, 0)
    (settled,) = bench.events(IdentifiedLetterSettled)
    assert settled == IdentifiedLetterSettled(
        letter=bench.ids(IdentifiedDeadLetter)[0] or "",
        state="resolved",
        stage="stage",
        requeues=1,
        outcome="done",
        release="2.0",
    )
    assert len(bench.broker.topics["clean.instance.anonymised.bulk"]) == 1
    assert log.commits == [(1, 3)]


def test_what_was_counted_as_dead_is_counted_no_more(bench: Bench) -> None:
    bench.run(dies)
    bench.requeue()
    bench.run(lambda _: Quarantine(Reason.OVERLAY, (Outgoing.of(anonymised()),)))
    (held,), (unheld,) = bench.events(InstanceHeld), bench.events(InstanceUnheld)
    assert held.model_dump() == unheld.model_dump()
    assert unheld == InstanceUnheld(site="site-a", project="demo", outcome="dead-lettered", reason="unexpected")
    assert bench.events(IdentifiedLetterSettled)[0].reason == "overlay"
    assert header(bench.broker.topics[InstanceUnheld.topic][0].headers, "traceparent") is None


def test_what_could_not_be_read_was_counted_as_of_no_known_site(bench: Bench) -> None:
    bench.broker.topics[SOURCE].clear()
    bench.broker.produce(Output(SOURCE, "k", b"{", ()))
    bench.run(done)
    (held,) = bench.events(InstanceHeld)
    assert (held.site, bench.events(IdentifiedDeadLetter)[0].site) == ("unknown", "unknown")
    value = base64.b64encode(received().model_dump_json().encode()).decode()
    bench.requeue(record_value=value, record_headers={"ce_type": InstanceReceived.type_name()})
    bench.run(done)
    (unheld,) = bench.events(InstanceUnheld)
    assert (unheld.site, unheld.reason) == ("unknown", "undecodable-event")


def test_what_dies_again_is_another_letter_that_names_the_first(bench: Bench) -> None:
    bench.run(dies)
    first = bench.ids(IdentifiedDeadLetter)[0]
    for times in (1, 2):
        bench.requeue()
        bench.run(dies)
        letter = bench.events(IdentifiedDeadLetter)[-1]
        assert (letter.requeues, letter.first) == (times, first)
        assert (letter.source_topic, letter.source_offset, letter.stage) == (SOURCE, 0, "stage")
    assert len(set(bench.ids(IdentifiedDeadLetter))) == 3
    assert bench.events(IdentifiedLetterSettled) == []
    # Three deaths, two of them taken back: it counts once.
    assert len(set(bench.ids(InstanceHeld))) - len(set(bench.ids(InstanceUnheld))) == 1


def test_a_letter_says_the_whole_record_and_whence(bench: Bench) -> None:
    bench.run(dies)
    letter, original = bench.events(IdentifiedDeadLetter)[0], bench.broker.topics[SOURCE][0]
    assert record_in(letter, original.timestamp) == original
    assert (letter.site, letter.project, letter.source_timestamp) == ("site-a", "demo", original.timestamp)


def test_other_stages_pass_it_over(bench: Bench) -> None:
    bench.run(dies)
    bench.requeue()
    seen: list[str] = []

    def handle(record: Incoming) -> Outcome:
        seen.append(record.topic)
        return Skip(Reason.ALREADY_DONE)

    bench.run(handle, stage="other")
    assert seen == [SOURCE]
    assert bench.events(IdentifiedLetterSettled) == []


def test_the_clean_side_settles_its_own_and_counts_nothing(bench: Bench) -> None:
    bench.run(dies, identified=False)
    bench.requeue()
    bench.run(lambda _: Skip(Reason.ALREADY_DONE), identified=False)
    (settled,) = bench.events(CleanLetterSettled)
    assert (settled.state, settled.outcome, settled.reason) == ("resolved", "skip", "already-done")
    assert bench.events(InstanceHeld) == bench.events(InstanceUnheld) == []


def test_what_was_set_aside_and_never_dead_settles_nothing(bench: Bench) -> None:
    bench.broker.topics[SOURCE].clear()
    parked = record_of(Outgoing.of(received()))
    bench.broker.produce(parked)
    (record,) = bench.broker.topics.pop(SOURCE)
    bench.broker.produce(record_of(Outgoing.of(IdentifiedRequeued(stage="stage", **raw_fields(record)))))
    bench.run(done)
    assert len(bench.broker.topics["clean.instance.anonymised.bulk"]) == 1
    assert bench.events(IdentifiedLetterSettled) == bench.events(InstanceUnheld) == []


GARBLED: list[dict[str, Any]] = [
    {"record_value": "no base64!"},
    {"source_topic": IdentifiedRequeued.topic},
]


@pytest.mark.parametrize("changes", GARBLED)
def test_what_carries_nothing_is_a_dead_letter_once(bench: Bench, changes: dict[str, Any]) -> None:
    bench.run(dies)
    bench.requeue(**changes)
    bench.run(done)
    bench.run(done)
    letter = bench.events(IdentifiedDeadLetter)[-1]
    assert (letter.source_topic, letter.reason) == (IdentifiedRequeued.topic, "undecodable-event")
    assert (letter.requeues, len(bench.events(IdentifiedDeadLetter))) == (0, 2)
    assert len(bench.broker.topics[IdentifiedRequeued.topic]) == 1


def test_garbage_in_its_topic_is_a_dead_letter_once(bench: Bench) -> None:
    bench.broker.produce(Output(IdentifiedRequeued.topic, "k", b"{", ()))
    bench.run(done)
    assert [letter.source_topic for letter in bench.events(IdentifiedDeadLetter)] == [IdentifiedRequeued.topic]


def test_what_leads_to_too_much_dies_again(bench: Bench) -> None:
    bench.run(dies)
    bench.requeue()
    large = anonymised(header={"00100010": {"vr": "LT", "Value": ["x" * LIMIT]}})
    bench.run(lambda _: Done((Outgoing.of(large),)))
    assert [letter.reason for letter in bench.events(IdentifiedDeadLetter)] == ["unexpected", "output-too-large"]
    assert bench.events(IdentifiedLetterSettled) == []
