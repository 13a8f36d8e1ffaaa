"""The worker processes as their parent sees them: whom he lets in there, and what he counts, while one is buried."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from services.receiver.crew.desk import Desk
from services.receiver.crew.workers import Crew, Worker
from shared.metrics import Snapshot, merged

COUNT = 3


@pytest.fixture(autouse=True)
def _short_lived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that end at once."""
    monkeypatch.setattr(sys, "executable", "/bin/true")


@contextmanager
def buried(worker: Worker) -> Iterator[None]:
    """Begin to bury it, and have it buried at the end."""
    thread = threading.Thread(target=worker.bury)
    thread.start()
    thread.join(0.2)
    yield
    thread.join(5)
    worker.kill()


# --- whom he lets in


class Slow(Desk):
    """Admits, and says so when it `may`."""

    def __init__(self) -> None:
        super().__init__(4)
        self.admitted, self.may = threading.Event(), threading.Event()

    def admit(self, association: str, site: str, most: int | None) -> bool:
        admitted = super().admit(association, site, most)
        self.admitted.set()
        self.may.wait(5)
        return admitted


def admitted(worker: Worker) -> bool:
    """Whether it gets one more association in, asked as its process asks."""
    return bool(worker._line._answers["admit"]("a", "site-a", None))


def test_who_is_let_in_while_his_worker_is_buried_does_not_stay() -> None:
    desk = Slow()
    worker = Worker(0, desk)
    asking = threading.Thread(target=admitted, args=(worker,))
    asking.start()
    assert desk.admitted.wait(5)
    with buried(worker):
        desk.may.set()
        asking.join(5)
    assert not desk.counts()


def test_what_a_worker_asked_before_it_died_lets_nobody_in_afterwards() -> None:
    desk = Desk(4)
    worker = Worker(0, desk)
    with buried(worker):
        pass
    assert not admitted(worker)
    assert not desk.counts()


# --- what he counts


class Told(Worker):
    """Has counted COUNT. `meanwhile` happens once, when it is asked or when its last count is read."""

    asked: Callable[[], None] | None = None
    read: Callable[[], None] | None = None

    def ask(self, name: str, *arguments: object, patience: float) -> Any:
        meanwhile, self.asked = self.asked, None
        if meanwhile:
            meanwhile()
        return counted()

    @property
    def snapshot(self) -> Snapshot:
        meanwhile, self.read = self.read, None
        if meanwhile:
            meanwhile()
        return self._snapshot

    @snapshot.setter
    def snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot


def counted() -> Snapshot:
    registry = CollectorRegistry()
    Counter("isocentre_receive_instances_total", "x", registry=registry).inc(COUNT)
    return list(registry.collect())


def total(crew: Crew) -> float:
    (metric,) = merged(crew.snapshots())
    return next(sample.value for sample in metric.samples if sample.name.endswith("_total"))


@pytest.mark.parametrize("moment", ["asked", "read"])
def test_what_a_worker_has_counted_is_told_once_while_it_is_buried_too(moment: str) -> None:
    desk = Desk(4)
    crew, worker = Crew(0, desk), Told(0, desk)
    crew._workers.append(worker)
    assert total(crew) == COUNT
    burying = threading.Thread(target=crew._bury, args=(worker,))

    def bury() -> None:
        burying.start()
        burying.join(0.2)

    setattr(worker, moment, bury)
    assert total(crew) == COUNT
    burying.join(5)
    assert total(crew) == COUNT
    worker.kill()
