"""Reconciliations that come round by themselves, on a real PostgreSQL."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.local.state import Stack
from services.bookkeeper.comparing.report import Report
from services.bookkeeper.reconciling.rounds import LIGHT, WALK, Depth, Often, Rounds
from shared.outcome import Transient
from tests.support.ledger import Books, Databases

pytestmark = pytest.mark.stack


@dataclass
class Heard:
    """What was told; `thrice` is set after the third time."""

    reports: list[tuple[Depth, int]] = field(default_factory=list)
    failures: list[type[Exception]] = field(default_factory=list)
    thrice: threading.Event = field(default_factory=threading.Event)

    def came_to(self, depth: Depth, report: Report) -> None:
        self.reports.append((depth, report.total))
        if len(self.reports) >= 3:
            self.thrice.set()

    def did_not_end(self, depth: Depth, failed: Exception) -> None:
        self.failures.append(type(failed))


@pytest.fixture(scope="module")
def databases(components: Stack) -> Databases:
    return Databases.fresh(components.database)


@pytest.fixture
def books(databases: Databases, tmp_path: Path) -> Books:
    databases.empty()
    return Books(databases, tmp_path / "accounts")


def rounds(books: Books, heard: Heard, stop: threading.Event, often: Often) -> Rounds:
    return Rounds(books.witnesses(), often, heard, stop)


def test_only_one_with_walks_sees_what_is_not_stored_any_more(books: Books) -> None:
    one, heard = books.clean_one(), Heard()
    asked = rounds(books, heard, threading.Event(), Often(1000, 1000, patience=0))
    books.clean.delete(one.key)
    for depth in (LIGHT, WALK, LIGHT):
        asked.once(depth)
    assert (heard.reports, heard.failures) == ([(LIGHT, 0), (WALK, 1), (LIGHT, 0)], [])


def test_what_fails_is_told_and_the_next_one_comes(books: Books) -> None:
    heard = Heard()
    asked = rounds(books, heard, threading.Event(), Often(1000, 1000, patience=0))
    books.clean.away = True
    asked.once(WALK)
    books.clean.away = False
    asked.once(WALK)
    assert (heard.reports, heard.failures) == ([(WALK, 0)], [Transient])


def test_they_come_round_until_told_to_stop(books: Books) -> None:
    heard, stop = Heard(), threading.Event()
    asked = rounds(books, heard, stop, Often(light=0.01, walk=1000, patience=0))
    asked.start()
    assert heard.thrice.wait(60)
    stop.set()
    asked.join()
    assert {depth for depth, _ in heard.reports} == {LIGHT}
