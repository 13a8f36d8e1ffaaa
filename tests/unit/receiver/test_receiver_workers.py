"""The worker processes as their parent sees them: whom he lets in there, and what he counts, while one is buried."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.receiver.crew.desk import Desk
from services.receiver.crew.workers import Worker


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
