"""The brake in the runner: what of a braked site waits, who goes on, and that nothing is lost or comes twice."""

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events import (
    WHOLE_STAGE,
    Event,
    IdentifiedBrakeChanged,
    IdentifiedBrakeReleased,
    IdentifiedDeadLetter,
    IdentifiedInstanceQuarantined,
    IdentifiedParked,
    IdentifiedRequeued,
    InstanceAnonymised,
    InstanceAnonymisedInBulk,
    InstanceDecided,
    InstanceReceived,
    Outgoing,
)
from shared.events.envelope import decode
from shared.health import Health
from shared.kafka import Output, Record
from shared.outcome import Done, Outcome, Quarantine, Reason
from shared.runner import DeadLetters, Each, Incoming, Runner, Stage, pauses, runner
from shared.runner.again import raw_fields
from shared.runner.brake import Policy
from tests.support.events import anonymised, decided, quarantined, received, record_of
from tests.support.memory_log import MemoryBroker, MemoryLog

START = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
HELD = Reason.HELD_BY_PROFILE
BATCH, GOOD = 10, 800
LOOKS = 3
"""Rounds in which nothing comes, after which a worker is told to stop."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (runner, pauses):
        monkeypatch.setattr(module, "backoff", lambda attempt: 0.001)
    monkeypatch.setattr(pauses, "IDLE", 0.001)


class MemoryNotices:
    """What others tell, from the beginning on; what there is at the start has been compacted."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._next = 0

    def so_far(self) -> Sequence[Record]:
        return [*{(record.topic, record.key): record for record in self._told()}.values()]

    def news(self) -> Sequence[Record]:
        new = self._told()[self._next :]
        self._next += len(new)
        return new

    def close(self) -> None:
        """Nothing to end."""

    def _told(self) -> Sequence[Record]:
        topics = self._broker.topics
        return [*topics[IdentifiedBrakeChanged.topic], *topics[IdentifiedBrakeReleased.topic]]


class Bench:
    """The anonymiser on a broker in memory. Of the sites in `bad` everything is held but the first `good`, of those in
    `dying` everything dies."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.health = Health()
        self.now = START
        self.policy = Policy()
        self.bad: set[str] = set()
        self.good = 0
        self.dying: set[str] = set()
        self.handled = Counter[str]()
        self.log = self._opened()

    def send(self, count: int, site: str = "site-a") -> None:
        number = len(self.broker.topics[InstanceReceived.topic])
        for arrival in range(number, number + count):
            event = received(site=site, arrival=f"{arrival:032x}", study_key=f"{arrival // 20:032x}")
            self.broker.produce(record_of(Outgoing.of(event)))

    def run(self, aborts: int = 0, rounds: int = 10_000) -> None:
        """A new worker, until nothing comes any more or so many rounds are over."""
        stop, health, idle = threading.Event(), self.health, 0

        class Ends(MemoryLog):
            def poll(self, limit: int, timeout: float) -> list[Record]:
                nonlocal rounds
                rounds -= 1
                taken = super().poll(limit, timeout)
                self.looks(not taken)
                return taken

            def idle(self, timeout: float) -> None:
                if timeout == runner.POLL:
                    self.looks(waits=True)

            def looks(self, waits: bool) -> None:
                nonlocal idle
                idle = idle + 1 if waits else 0
                if idle == LOOKS or rounds == 0:
                    stop.set()

        self.log = self._opened(Ends)
        self.log.aborts = aborts
        stage = Stage(
            "anonymiser",
            Each("anonymiser", self._handle, workers=2),
            DeadLetters("anonymiser", "1.0", identified=True),
            batch_size=BATCH,
            brake=self.policy,
        )
        notices = MemoryNotices(self.broker)
        Runner(stage, self.log, health, stop, clock=lambda: self.now, notices=notices).run()

    def release(self, ground: str = "rules-changed") -> None:
        """As the operator's command does it."""
        self.now += timedelta(seconds=1)
        told = self.brakes()[-1].model_dump() | {"ground": ground}
        self.broker.produce(record_of(Outgoing.of(IdentifiedBrakeReleased.model_validate(told))))

    def events(self, model: type[Event]) -> list[Any]:
        return [decode(one.topic, one.value, one.headers) for one in self.broker.topics[model.topic]]

    def brakes(self) -> list[IdentifiedBrakeChanged]:
        return self.events(IdentifiedBrakeChanged)

    def ended(self, site: str = "site-a") -> tuple[int, int]:
        """How many of a site went through, and how many are held; each of them once."""
        clean = [*self.events(InstanceAnonymised), *self.events(InstanceAnonymisedInBulk)]
        arrivals = [
            [event.arrival for event in some if event.site == site]
            for some in (clean, self.events(IdentifiedInstanceQuarantined))
        ]
        assert all(len(some) == len(set(some)) for some in arrivals)
        assert not set(arrivals[0]) & set(arrivals[1])
        return len(arrivals[0]), len(arrivals[1])

    def _opened(self, kind: type[MemoryLog] = MemoryLog) -> MemoryLog:
        reads = [InstanceReceived.topic, InstanceDecided.topic]
        again, parked = [IdentifiedRequeued.topic], [IdentifiedParked.topic]
        return kind(self.broker, "anonymiser", reads, rerun=again, parked=parked)

    def _handle(self, record: Incoming) -> Outcome:
        assert isinstance(record.event, InstanceReceived | InstanceDecided)
        site, arrival = record.event.site, record.event.arrival
        self.handled[site] += 1
        if site in self.dying:
            raise RuntimeError
        if site in self.bad and self.handled[site] > self.good:
            return Quarantine(HELD, (Outgoing.of(quarantined(site=site, arrival=arrival, reason=HELD.value)),))
        return Done((Outgoing.of(anonymised(site=site, arrival=arrival)),))


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def braked(bench: Bench) -> Bench:
    """A site that was well, then 300 records of which all are held; meanwhile 60 of another site."""
    bench.good, bench.bad = GOOD, {"site-a"}
    bench.send(GOOD)
    for _ in range(6):
        bench.send(50)
        bench.send(10, "site-b")
    bench.run()
    bench.good = 0
    return bench


def test_a_site_of_which_all_is_held_is_stopped_after_a_hundred_and_another_goes_on(braked: Bench) -> None:
    (brake,) = braked.brakes()
    assert (brake.site, brake.on, brake.reason) == ("site-a", True, HELD.value)
    through, held = braked.ended()
    assert through == GOOD
    assert 100 <= held < 100 + BATCH
    assert braked.ended("site-b") == (60, 0)
    assert len(braked.events(IdentifiedParked)) == 300 - held
    assert braked.health.waiting_for is None


def test_mended_and_released_all_of_it_goes_through_once(braked: Bench) -> None:
    _, held = braked.ended()
    braked.bad.clear()
    braked.release()
    braked.send(20)
    braked.run()
    assert braked.ended() == (GOOD + 300 - held + 20, held)
    assert [brake.on for brake in braked.brakes()] == [True, False]
    parked = braked.events(IdentifiedParked)
    assert {event.times for event in parked} == {1}
    assert braked.log.lag()["live"] == 0


def test_released_and_not_mended_it_brakes_again_and_nothing_is_lost(braked: Bench) -> None:
    _, held = braked.ended()
    braked.release()
    braked.run()
    assert [brake.on for brake in braked.brakes()] == [True, False, True]
    _, more = braked.ended()
    assert 100 <= more - held < 100 + BATCH
    braked.bad.clear()
    braked.release()
    braked.run()
    assert braked.ended() == (GOOD + 300 - more, more)


def test_a_worker_that_starts_knows_what_is_braked(braked: Bench) -> None:
    braked.handled.clear()
    braked.send(30)
    braked.run()
    assert braked.handled == {}
    assert len(braked.brakes()) == 1


def test_a_worker_that_ended_while_it_let_go_on_is_followed_by_one_that_does(braked: Bench) -> None:
    braked.bad.clear()
    braked.release()
    braked.run(rounds=3)
    through, held = braked.ended()
    assert through < GOOD + 300 - held
    braked.run()
    assert braked.ended() == (GOOD + 300 - held, held)


def test_a_batch_that_was_aborted_counts_nothing(bench: Bench) -> None:
    bench.bad = {"site-a"}
    bench.send(90)
    bench.run(aborts=30)
    assert bench.ended() == (0, 90)
    assert bench.brakes() == []
    bench.send(20)
    bench.run()
    assert bench.brakes() == [], "another worker has not seen the ninety"


def test_what_is_parked_in_a_batch_that_was_aborted_is_parked_once(braked: Bench) -> None:
    before = len(braked.events(IdentifiedParked))
    braked.send(30)
    braked.run(aborts=5)
    assert len(braked.events(IdentifiedParked)) == before + 30


def test_a_probe_that_fails_is_parked_again_and_tells_nothing(braked: Bench) -> None:
    before, parked = braked.ended(), len(braked.events(IdentifiedParked))
    braked.handled.clear()
    braked.now += timedelta(seconds=60)
    braked.run()
    assert braked.handled == {"site-a": 1}
    assert braked.ended() == before
    again = braked.events(IdentifiedParked)[parked:]
    assert 1 <= len(again) <= 8
    assert {event.times for event in again} == {2}
    assert {event.source_topic for event in again} == {InstanceReceived.topic}
    state = braked.brakes()[-1]
    assert (state.on, state.probes, state.next_probe_at) == (True, 1, braked.now + timedelta(seconds=120))


def test_when_probes_go_well_everything_goes_on_by_itself(braked: Bench) -> None:
    _, held = braked.ended()
    for _ in range(3):
        braked.now += timedelta(hours=1)
        braked.run()
    braked.bad.clear()
    braked.now += timedelta(hours=1)
    braked.run()
    assert braked.ended() == (GOOD + 300 - held, held)
    assert braked.brakes()[-1].ended == "vanished"


def test_what_people_ask_for_is_neither_held_up_nor_counted(braked: Bench) -> None:
    braked.bad.clear()
    braked.handled.clear()
    record = braked.broker.topics[InstanceReceived.topic][0]
    told = IdentifiedRequeued(stage="anonymiser", letter="1", requeues=1, **raw_fields(record))
    braked.broker.produce(record_of(Outgoing.of(told)))
    braked.broker.produce(record_of(Outgoing.of(decided(site="site-a"))))
    braked.run()
    assert braked.handled == {"site-a": 2}


def test_dead_letters_of_several_sites_stop_the_stage_which_takes_nothing(bench: Bench) -> None:
    bench.dying = {"site-a", "site-b"}
    for _ in range(15):
        bench.send(5)
        bench.send(5, "site-b")
    bench.run()
    (brake,) = bench.brakes()
    assert brake.site == WHOLE_STAGE
    assert len(bench.events(IdentifiedDeadLetter)) == 100
    assert bench.log.lag()["live"] == 50
    assert bench.events(IdentifiedParked) == []
    assert bench.health.waiting_for == "brake: unexpected"
    bench.dying.clear()
    bench.release()
    bench.run()
    assert len(bench.events(InstanceAnonymised)) == 50
    assert bench.health.waiting_for is None


def test_a_stage_that_was_let_go_on_without_its_brake_takes_what_is_parked(braked: Bench) -> None:
    _, held = braked.ended()
    braked.bad.clear()
    braked.policy = Policy(floor=0)
    braked.run()
    assert braked.ended() == (GOOD + 300 - held, held)


@pytest.mark.parametrize("kind", [IdentifiedParked, IdentifiedBrakeChanged])
def test_garbage_in_its_topics_stops_nobody(braked: Bench, kind: type[Event]) -> None:
    _, held = braked.ended()
    braked.bad.clear()
    braked.release()
    braked.broker.produce(Output(kind.topic, "k", b"{", ()))
    braked.run()
    assert braked.ended() == (GOOD + 300 - held, held)
