"""The bookkeeper's loop: gather for a while, write, and now and then count."""

import time
from collections.abc import Callable

from services.bookkeeper.database import Database
from services.bookkeeper.handler import Books
from services.bookkeeper.report import Report
from shared.kafka import Following
from shared.outcome import Transient
from shared.runner.backoff import backoff
from shared.service import Service

PORTION = 250
"""Records that are in memory whole, with their headers and pixels' descriptions, at a time."""

COUNT_EVERY = 30.0
"""Seconds between two counts of all lines, if anything has changed."""


class Bookkeeper:
    """Keeps the ledger until told to stop."""

    def __init__(self, service: Service, database: Database, books: Books, report: Report) -> None:
        self._service = service
        self._database = database
        self._books = books
        self._report = report
        self._counted = float("-inf")
        self._changed = True

    def run(self, topics: Following, batch_size: int, batch_seconds: float) -> None:
        """Come round until told to stop; what was gathered is written first. Raises Overtaken, LogLost."""
        while not self._service.stop.is_set():
            gathered = self._gather(topics, batch_size, batch_seconds)
            self._report.lag(topics.lag())
            if gathered:
                started = time.monotonic()
                if self._insist("database", self._books.write):
                    self._report.written(time.monotonic() - started)
                self._changed = True
            if self._changed and time.monotonic() - self._counted > COUNT_EVERY:
                self._insist("database", self._count)

    def _gather(self, topics: Following, batch_size: int, batch_seconds: float) -> int:
        """How many records came."""
        until = time.monotonic() + batch_seconds
        gathered = 0
        while gathered < batch_size and (left := until - time.monotonic()) > 0 and not self._service.stop.is_set():
            self._service.health.beat()
            records = topics.poll(min(PORTION, batch_size - gathered), left)
            if self._insist("broker", lambda: self._books.take(records)):  # noqa: B023 - called at once
                gathered += len(records)
        return gathered

    def _count(self) -> None:
        with self._database.transaction() as transaction:
            self._report.counted(transaction.lines(), transaction.open_letters())
        self._changed, self._counted = False, time.monotonic()

    def _insist(self, what: str, act: Callable[[], None]) -> bool:
        """Until it is done; False when told to stop before."""
        attempt = 0
        while True:
            self._service.health.beat()
            try:
                act()
            except Transient as away:
                attempt += 1
                self._service.health.waiting(what)
                self._service.log.warning("waiting", what=what, reason=str(away), attempt=attempt)
                if self._service.stop.wait(backoff(attempt)):
                    return False
            else:
                self._service.health.ready()
                return True
