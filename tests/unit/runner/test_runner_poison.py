"""A record that ends its worker, in memory: workers die by an exception that nothing catches, and are started again."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

from shared.events import IdentifiedDeadLetter, InstanceHeld, InstanceReceived, Outgoing
from shared.events.envelope import decode
from shared.health import Health
from shared.kafka import CommitAborted, LogLost, Output, Record
from shared.outcome import Done, Outcome, Transient
from shared.runner import DeadLetters, Each, Incoming, Runner, Stage, pauses, runner
from shared.runner.journal import Journal, open_journal
from tests.support.events import anonymised, received, record_of
from tests.support.memory_log import MemoryBroker, MemoryLog

SOURCE, TARGET = InstanceReceived.topic, "clean.instance.anonymised"
BATCH = 4


class Died(BaseException):
    """As a signal would have it: no `except Exception` sees it."""


class Killed(BaseException):
    """The process was ended."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (runner, pauses):
        monkeypatch.setattr(module, "backoff", lambda attempt: 0.001)
    monkeypatch.setattr(pauses, "IDLE", 0.001)


@dataclass
class Node:
    """A topic, a state folder, and workers that follow one another."""

    folder: Path
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    handled: list[tuple[int, ...]] = field(default_factory=list)
    """Offsets that were handled, by worker."""
    worker: list[int] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def put(self, count: int) -> None:
        for number in range(count):
            self.broker.produce(record_of(Outgoing.of(received(arrival=f"{number:032x}"))))

    def start(
        self,
        handle: Callable[[Incoming], Outcome],
        *,
        log: type[MemoryLog] = MemoryLog,
        record_seconds: float = 900.0,
        workers: int = 1,
    ) -> BaseException | None:
        """One worker, until the topic is read or it ends. How it ended."""
        stop, journal = threading.Event(), open_journal(self.folder, "0")
        assert journal is not None
        self.worker = []

        class Ends(log):  # type: ignore[misc, valid-type]
            def poll(self, limit: int, timeout: float) -> list[Record]:
                taken: list[Record] = super().poll(limit, timeout)
                if not taken:
                    stop.set()
                return taken

        def noted(record: Incoming) -> Outcome:
            self.worker.append(record.offset)
            return handle(record)

        def end() -> NoReturn:
            self.release.set()
            raise Killed

        letters = DeadLetters("stage", "1.0", identified=True)
        stage = Stage("stage", Each("stage", noted, workers), letters, BATCH, record_seconds)
        source = Ends(self.broker, "stage", [SOURCE])
        try:
            Runner(stage, source, Health(), stop, journal, end=end).run()
        except (Died, Killed, LogLost) as ended:
            return ended
        finally:
            self.handled.append(tuple(self.worker))
            journal.close()
        return None

    def until_done(self, handle: Callable[[Incoming], Outcome], **how: float) -> int:
        """Start workers, one after the other, until one ends in order. How many ended otherwise."""
        for ends in range(10):
            if self.start(handle, **how) is None:  # type: ignore[arg-type]
                return ends
        raise AssertionError("for ever")

    def published(self) -> list[Record]:
        return self.broker.topics[TARGET]

    def letters(self) -> list[IdentifiedDeadLetter]:
        found = [decode(it.topic, it.value, it.headers) for it in self.broker.topics["identified.dead-letter"]]
        assert all(isinstance(letter, IdentifiedDeadLetter) for letter in found)
        return found  # type: ignore[return-value]

    def journal(self) -> Iterator[Journal]:
        journal = open_journal(self.folder, "0")
        assert journal is not None
        yield journal
        journal.close()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    made = Node(tmp_path)
    made.put(10)
    return made


def _done(record: Incoming) -> Outcome:
    assert isinstance(record.event, InstanceReceived)
    return Done((Outgoing.of(anonymised(arrival=record.event.arrival)),))


def _dies_at(*offsets: int) -> Callable[[Incoming], Outcome]:
    def handle(record: Incoming) -> Outcome:
        if record.offset in offsets:
            raise Died
        return _done(record)

    return handle


def _exactly_once(node: Node, without: set[int]) -> bool:
    arrivals = [decode(it.topic, it.value, it.headers).arrival for it in node.published()]  # type: ignore[attr-defined]
    return sorted(arrivals) == sorted(f"{number:032x}" for number in range(10) if number not in without)


def test_a_record_that_kills_its_worker_is_tried_alone_twice_and_then_a_dead_letter(node: Node) -> None:
    assert node.until_done(_dies_at(5)) == 3
    (letter,) = node.letters()
    assert (letter.source_offset, letter.reason, letter.attempts, letter.error) == (5, "worker-died", 3, "Poison")
    assert letter.record_value is not None
    assert _exactly_once(node, without={5})


def test_those_in_its_company_are_handled_each_alone_and_once(node: Node) -> None:
    node.until_done(_dies_at(5))
    # After an end in company, those that were in hand; then the one again; and what it left.
    assert node.handled[1:] == [(4, 5), (5,), (6, 7, 8, 9)]


def test_the_clean_side_learns_its_site(node: Node) -> None:
    node.until_done(_dies_at(5))
    (held,) = node.broker.topics[InstanceHeld.topic]
    event = decode(held.topic, held.value, held.headers)
    assert isinstance(event, InstanceHeld)
    assert (event.site, event.outcome, event.reason) == ("site-a", "dead-lettered", "worker-died")


def test_several_of_them_are_found_one_by_one(node: Node) -> None:
    node.until_done(_dies_at(1, 2, 9))
    assert [letter.source_offset for letter in node.letters()] == [1, 2, 9]
    assert _exactly_once(node, without={1, 2, 9})


def test_a_kill_that_no_record_is_to_blame_for_makes_no_dead_letter(node: Node) -> None:
    """In company, then alone with the same record: a third time would be needed."""
    once = iter([5, 5])
    killed_at = next(once, None)

    def handle(record: Incoming) -> Outcome:
        nonlocal killed_at
        if record.offset == killed_at:
            killed_at = next(once, None)
            raise Died
        return _done(record)

    assert node.until_done(handle) == 2
    assert node.letters() == []
    assert _exactly_once(node, without=set())


def test_kills_at_different_records_make_no_dead_letter(node: Node) -> None:
    left = {0, 1, 2, 3, 4, 5, 6, 7}

    def handle(record: Incoming) -> Outcome:
        if record.offset in left:
            left.remove(record.offset)
            raise Died
        return _done(record)

    assert node.until_done(handle) > 1
    assert node.letters() == []
    assert _exactly_once(node, without=set())


def test_who_dies_while_a_dependency_is_away_has_nothing_in_hand(node: Node) -> None:
    class Dies(MemoryLog):
        def idle(self, timeout: float) -> None:
            if timeout:
                raise Died

    def handle(record: Incoming) -> Outcome:
        raise Transient("store")

    for _ in range(4):
        assert isinstance(node.start(handle, log=Dies), Died)
    assert node.until_done(_done) == 0
    assert node.letters() == []


def test_who_dies_in_a_commit_has_nothing_in_hand(node: Node) -> None:
    class Dies(MemoryLog):
        def commit(self, batch: object, outputs: object) -> None:
            raise Died

    for _ in range(4):
        assert isinstance(node.start(_done, log=Dies), Died)
    assert node.handled[-1] == (0, 1, 2, 3)
    assert node.until_done(_done) == 0


def test_a_verdict_that_is_not_published_yet_is_not_forgotten(node: Node) -> None:
    class Dies(MemoryLog):
        def commit(self, batch: list[Record], outputs: list[Output]) -> None:
            if any(output.topic == "identified.dead-letter" for output in outputs):
                raise Died
            super().commit(batch, outputs)

    handle = _dies_at(0)
    ends = [node.start(handle) for _ in range(3)]
    assert all(isinstance(end, Died) for end in ends)
    assert isinstance(node.start(handle, log=Dies), Died)
    assert node.handled[-1] == ()
    assert node.until_done(handle) == 0
    assert [letter.source_offset for letter in node.letters()] == [0]


def test_an_aborted_transaction_gives_back_what_follows_too(node: Node) -> None:
    """Offsets are committed in order: after an abort nothing of the partition goes on before it came again."""
    aborts = iter([True])

    class Aborts(MemoryLog):
        def commit(self, batch: list[Record], outputs: list[Output]) -> None:
            if next(aborts, False):
                self.aborts = 1
            super().commit(batch, outputs)

    node.start(_dies_at(1))
    committed: list[tuple[str, int]] = []

    class Sees(Aborts):
        def commit(self, batch: list[Record], outputs: list[Output]) -> None:
            try:
                super().commit(batch, outputs)
            except CommitAborted:
                committed.append(("aborted", batch[0].offset))
                raise
            committed.extend(("committed", record.offset) for record in batch)

    assert node.start(_done, log=Sees) is None
    assert committed[0] == ("aborted", 0)
    assert [offset for what, offset in committed if what == "committed"] == list(range(10))


def test_an_orderly_stop_leaves_no_suspects(node: Node) -> None:
    node.start(_done)
    assert node.start(_dies_at()) is None
    for journal in node.journal():
        assert journal.read().in_hand == ()
        assert journal.read().suspects == {}


def test_a_worker_that_is_killed_after_it_was_told_to_stop_leaves_no_suspects(node: Node) -> None:
    stop, told = threading.Event(), threading.Event()

    def handle(record: Incoming) -> Outcome:
        stop.set()
        told.wait(30)
        raise Died

    class Sees(MemoryLog):
        def idle(self, timeout: float) -> None:
            if stop.is_set() and self.seen():
                told.set()

        def seen(self) -> bool:
            self.calls = getattr(self, "calls", 0) + 1
            return self.calls > 2

    for journal in node.journal():
        letters = DeadLetters("stage", "1.0", identified=True)
        source = Sees(node.broker, "stage", [SOURCE])
        with pytest.raises(Died):
            Runner(Stage("stage", Each("stage", handle, 1), letters, BATCH), source, Health(), stop, journal).run()
        assert journal.read().in_hand == ()


# --- records that hang


def _hangs_at(node: Node, *offsets: int) -> Callable[[Incoming], Outcome]:
    def handle(record: Incoming) -> Outcome:
        if record.offset in offsets:
            node.release.clear()
            node.release.wait(60)
            raise Died
        return _done(record)

    return handle


def test_a_record_that_hangs_ends_its_worker_and_is_known_to_the_next(node: Node) -> None:
    assert node.until_done(_hangs_at(node, 5), record_seconds=0.05) == 3
    (letter,) = node.letters()
    assert (letter.source_offset, letter.reason) == (5, "worker-hung")
    # Only it is suspected: those in its company go together again.
    assert node.handled[-1] == (6, 7, 8, 9)
    assert _exactly_once(node, without={5})


def test_a_pause_is_no_hanging(node: Node) -> None:
    tries = iter(range(20))

    def handle(record: Incoming) -> Outcome:
        if record.offset == 5 and next(tries, None) is not None:
            raise Transient("store")
        return _done(record)

    class Slow(MemoryLog):
        def idle(self, timeout: float) -> None:
            threading.Event().wait(timeout)

    assert node.start(handle, log=Slow, record_seconds=30) is None
    assert node.letters() == []


# --- without a journal


def test_without_a_journal_everything_is_as_ever(node: Node) -> None:
    stop = threading.Event()

    class Ends(MemoryLog):
        def poll(self, limit: int, timeout: float) -> list[Record]:
            taken = super().poll(limit, timeout)
            if not taken:
                stop.set()
            return taken

    letters = DeadLetters("stage", "1.0", identified=True)
    source = Ends(node.broker, "stage", [SOURCE])
    Runner(Stage("stage", Each("stage", _done, 2), letters, BATCH), source, Health(), stop).run()
    assert _exactly_once(node, without=set())


def test_a_broker_that_ends_one_worker_after_the_other_accuses_no_record(node: Node) -> None:
    class Lost(MemoryLog):
        def idle(self, timeout: float) -> None:
            raise LogLost("the broker is away")

    def slowly(record: Incoming) -> Outcome:
        time.sleep(0.05)
        return _done(record)

    for _ in range(5):
        assert isinstance(node.start(slowly, log=Lost), LogLost)
    assert node.start(_done) is None
    assert node.letters() == []
    assert _exactly_once(node, without=set())
