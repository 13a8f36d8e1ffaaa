"""The tracker as a process on a real Kafka: killed, doubled, misled by aborted transactions, never counting twice."""

import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
from confluent_kafka import Producer

from infra.local.layout import ROOT
from infra.local.ports import free_ports
from infra.local.state import Stack
from shared.events import Event, Outgoing, SiteCounted, StudyCompleted, StudyReopened, StudyUpdated
from shared.events.envelope import decode, header
from shared.kafka import Record, read_to_end
from tests.support.events import record_of
from tests.support.tracker_events import held, indexed, instance, rejected, whole_way

E = TypeVar("E", bound=Event)

pytestmark = pytest.mark.stack

OUTPUTS = [model.topic for model in (StudyUpdated, StudyCompleted, StudyReopened, SiteCounted)]
QUIET = 1.0


class Worker:
    """One process of the tracker."""

    def __init__(self, bootstrap: str, folder: Path, name: str = "0", interval: float = 1.0) -> None:
        (self._port,) = free_ports(1)
        self._log = folder / f"tracker-{name}-{self._port}.log"
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "ISOCENTRE_HEALTH_PORT": str(self._port),
            "ISOCENTRE_INSTANCE": name,
            "ISOCENTRE_QUIET_SECONDS": str(QUIET),
            "ISOCENTRE_UPDATE_INTERVAL_SECONDS": str(interval),
            "ISOCENTRE_PATIENCE_SECONDS": "20",
        }
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.tracker"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def ready(self) -> bool:
        with suppress(urllib.error.URLError, ConnectionError):
            return bool(self.get("/readyz"))
        return False

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def wait_ready(self) -> "Worker":
        until(self.ready, 60)
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """The exit status after SIGTERM."""
        self.process.terminate()
        return self.process.wait(15)

    @property
    def log(self) -> str:
        return self._log.read_text()


@contextmanager
def worker(bootstrap: str, folder: Path, name: str = "0", interval: float = 1.0) -> Iterator[Worker]:
    running = Worker(bootstrap, folder, name, interval)
    try:
        yield running
    finally:
        running.kill()


def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


class Case:
    """One test's own study and site in topics that others use too."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.study = f"2.25.{secrets.randbits(64)}"
        self.site = f"site-{secrets.token_hex(4)}"
        self._producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": self.site, "linger.ms": 5})
        self._producer.init_transactions(20)

    def instance(self, number: int) -> Any:
        return instance(number, self.study, site=self.site)

    def publish(self, *events: Event, abort: bool = False, ids: Sequence[str] = ()) -> None:
        """One transaction, as every stage makes them."""
        self._producer.begin_transaction()
        for index, event in enumerate(events):
            event_id = ids[index] if ids else None
            outgoing = Outgoing(event, event_id, event.partition_key()) if event_id else Outgoing.of(event)
            self.produce(outgoing)
        self._producer.flush(20)
        if abort:
            self._producer.abort_transaction(20)
        else:
            self._producer.commit_transaction(20)

    def publish_value(self, topic: str, value: bytes | None) -> None:
        self._producer.begin_transaction()
        self._producer.produce(topic, value, self.study)
        self._producer.commit_transaction(20)

    def produce(self, outgoing: Outgoing) -> None:
        output = record_of(outgoing)
        self._producer.produce(output.topic, output.value, output.key, headers=list(output.headers))

    def records(self) -> list[Record]:
        """What the tracker published of this study and site, topic by topic in order."""
        mine = [record for record in read_to_end(self.bootstrap, OUTPUTS) if record.key in (self.study, self.site)]
        return sorted(mine, key=lambda record: (record.topic, record.partition, record.offset))

    def said(self, model: type[E]) -> list[E]:
        """What the tracker said of this study or site, in order."""
        mine = [record for record in self.records() if record.topic == model.topic]
        decoded = [decode(record.topic, record.value, record.headers) for record in mine]
        return [event for event in decoded if isinstance(event, model)]

    def complete(self, instances: int) -> bool:
        return any(event.instances == instances for event in self.said(StudyCompleted))

    def assert_nothing_twice(self) -> None:
        ids = [(record.topic, header(record.headers, "ce_id")) for record in self.records()]
        assert len(ids) == len(set(ids))
        fingerprints = [event.fingerprint for event in self.said(StudyCompleted)]
        assert len(fingerprints) == len(set(fingerprints))


@pytest.fixture
def case(components: Stack) -> Case:
    return Case(components.kafka_bootstrap_servers)


def test_a_study_is_told_completed_reopened_and_completed_again(case: Case, tmp_path: Path) -> None:
    with worker(case.bootstrap, tmp_path) as tracker:
        tracker.wait_ready()
        for number in range(10):
            case.publish(*whole_way(case.instance(number)))
        until(lambda: case.complete(10))
        # At most one a second, whatever came in between.
        assert len(case.said(StudyUpdated)) <= 4
        case.publish(*whole_way(case.instance(10)), case.instance(11), rejected(case.instance(11)))
        case.publish(held(site=case.site), ids=[secrets.token_hex(8)])
        until(lambda: case.complete(11))
        assert [event.instances for event in case.said(StudyReopened)] == [11]
        assert [event.instances for event in case.said(StudyCompleted)] == [10, 11]
        counted = case.said(SiteCounted)[-1]
        assert counted.counts == {"anonymised": 12, "validated": 11, "indexed": 11, "thumbnailed": 11}
        assert counted.reasons == {"rejected/pixel-length": 1, "quarantined/burned-in-text": 1}
        case.assert_nothing_twice()
        assert tracker.end() == 0


def test_aborted_records_are_not_counted_and_hold_nothing_up(case: Case, tmp_path: Path) -> None:
    ghosts = [event for number in range(100, 110) for event in whole_way(case.instance(number))]
    case.publish(*ghosts, abort=True)
    case.publish(*whole_way(case.instance(1)))
    case.publish(*ghosts, abort=True)
    # Catching up at the start and streaming are two ways of reading: both must be right.
    with worker(case.bootstrap, tmp_path) as tracker:
        tracker.wait_ready()
        until(lambda: case.complete(1))
        case.publish(*ghosts, abort=True)
        case.publish(*whole_way(case.instance(2)))
        case.publish(*ghosts, abort=True)
        until(lambda: case.complete(2))
    assert case.said(SiteCounted)[-1].counts == {"anonymised": 2, "validated": 2, "indexed": 2, "thumbnailed": 2}
    with worker(case.bootstrap, tmp_path) as tracker:
        tracker.wait_ready()
        time.sleep(QUIET + 0.5)
    assert [event.instances for event in case.said(StudyCompleted)] == [1, 2]
    case.assert_nothing_twice()


@pytest.mark.chaos
def test_killed_again_and_again_it_says_the_same_and_nothing_twice(case: Case, tmp_path: Path) -> None:
    for round_ in range(3):
        with worker(case.bootstrap, tmp_path) as tracker:
            for number in range(round_ * 10, round_ * 10 + 5):
                case.publish(*whole_way(case.instance(number)))
            tracker.wait_ready()
            for number in range(round_ * 10, round_ * 10 + 10):  # five of them for the second time
                case.publish(*whole_way(case.instance(number)))
            time.sleep(0.3 * round_)
            tracker.kill()
    with worker(case.bootstrap, tmp_path) as tracker:
        until(lambda: case.complete(30))
        before = case.records()
    # A start that knows nothing but the topics, long after the last change: not one word.
    with worker(case.bootstrap, tmp_path) as tracker:
        tracker.wait_ready()
        time.sleep(QUIET + 0.5)
        assert tracker.end() == 0
    assert case.records() == before
    expected = {"anonymised": 30, "validated": 30, "indexed": 30, "thumbnailed": 30}
    assert case.said(SiteCounted)[-1].counts == expected
    assert case.said(StudyUpdated)[-1].fingerprint == case.said(StudyCompleted)[-1].fingerprint
    case.assert_nothing_twice()


@pytest.mark.chaos
def test_one_works_and_the_other_takes_over(case: Case, tmp_path: Path) -> None:
    with worker(case.bootstrap, tmp_path, "0") as first:
        until(lambda: "rebuilt" in first.log, 60)
        with worker(case.bootstrap, tmp_path, "1") as second:
            second.wait_ready()
            case.publish(*whole_way(case.instance(1)))
            until(lambda: case.complete(1))
            assert "rebuilt" not in second.log
            first.kill()
            case.publish(*whole_way(case.instance(2)))
            until(lambda: case.complete(2), 60)
            assert "rebuilt" in second.log
            # The first one back: the second is the older one now.
            with worker(case.bootstrap, tmp_path, "0") as third:
                third.wait_ready()
                case.publish(*whole_way(case.instance(3)))
                until(lambda: case.complete(3), 60)
                assert "rebuilt" not in third.log
    assert case.said(SiteCounted)[-1].counts == {"anonymised": 3, "validated": 3, "indexed": 3, "thumbnailed": 3}
    case.assert_nothing_twice()


def test_what_is_no_event_is_counted_and_passed_over(case: Case, tmp_path: Path) -> None:
    topic = indexed(case.instance(1)).topic
    for value in (b"not json SECRET", None):
        case.publish_value(topic, value)
    with worker(case.bootstrap, tmp_path) as tracker:
        tracker.wait_ready()
        for value in (b"not json SECRET", None):
            case.publish_value(topic, value)
        case.publish(*whole_way(case.instance(1)))
        until(lambda: case.complete(1))
        metric = 'isocentre_tracker_not_counted_total{reason="undecodable-event",topic="clean.instance.indexed"}'
        lines = tracker.get("/metrics").splitlines()
        assert any(line.startswith(metric) and float(line.split()[-1]) >= 4 for line in lines)
        assert "SECRET" not in tracker.log


def test_told_to_stop_in_the_middle_it_ends_in_time(case: Case, tmp_path: Path) -> None:
    with worker(case.bootstrap, tmp_path) as tracker:
        tracker.wait_ready()
        case.publish(*[event for number in range(200) for event in whole_way(case.instance(number))])
        tracker.process.send_signal(signal.SIGTERM)
        assert tracker.process.wait(15) == 0


@pytest.mark.chaos
def test_one_that_slept_while_another_worked_says_nothing_old(case: Case, tmp_path: Path) -> None:
    with ExitStack() as running:
        # One after the other: who starts first has the work.
        sleeper = running.enter_context(worker(case.bootstrap, tmp_path, "0", interval=5.0))
        until(lambda: "rebuilt" in sleeper.log, 60)
        other = running.enter_context(worker(case.bootstrap, tmp_path, "1")).wait_ready()
        case.publish(indexed(case.instance(1)))
        until(lambda: case.said(StudyUpdated))
        case.publish(indexed(case.instance(2)))
        time.sleep(1)  # taken in, and not to be said before the interval is over
        assert [event.instances for event in case.said(StudyUpdated)] == [1]
        sleeper.process.send_signal(signal.SIGSTOP)
        until(lambda: "rebuilt" in other.log, 60)
        case.publish(*whole_way(case.instance(1)), *whole_way(case.instance(2)), *whole_way(case.instance(3)))
        until(lambda: case.complete(3), 60)
        sleeper.process.send_signal(signal.SIGCONT)
        time.sleep(5)
        assert case.said(StudyUpdated)[-1].instances == 3
        # It is the oldest, so the work is its again, and it goes on from what the other said.
        case.publish(*whole_way(case.instance(4)))
        until(lambda: case.complete(4), 60)
    case.assert_nothing_twice()
