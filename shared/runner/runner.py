"""The stage runner. Order is a promise: handle, publish and be confirmed, then move on."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.health import Health
from shared.kafka.log import CommitAborted, Log, Record
from shared.outcome import Transient
from shared.runner.backoff import backoff
from shared.runner.deadletters import DeadLetters
from shared.runner.handling import Handling
from shared.runner.pauses import Pauses
from shared.runner.publishing import Publishing
from shared.runner.report import Report
from shared.runner.settling import Settling

POLL = 0.5
"""Seconds to wait for a first record; also how soon a resting stage sees that it has to stop."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage is."""

    name: str
    handling: Handling
    dead_letters: DeadLetters
    batch_size: int


class Runner:
    """Runs one stage on one log until told to stop."""

    def __init__(
        self,
        stage: Stage,
        source: Log,
        health: Health,
        stop: threading.Event,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._stage = stage
        self._log = source
        self._health = health
        self._stop = stop
        self._report = Report(stage.name, clock)
        self._pauses = Pauses(source, health, self._report, stop)
        self._settling = Settling(stage.name, stage.handling, self._pauses)
        self._publishing = Publishing(stage.name, stage.dead_letters, source, self._pauses, clock)
        self._aborts = 0

    def run(self) -> None:
        """Take batches until `stop` is set; what has been taken is finished first. Raises `LogLost`."""
        attempt = 0
        try:
            while not self._stop.is_set():
                self._health.beat()
                try:
                    batch = self._log.poll(self._stage.batch_size, POLL)
                except Transient as away:
                    attempt += 1
                    self._pauses.wait_for(away, attempt)
                    continue
                attempt = 0
                self._pauses.recovered()
                self._report.lag(self._log.lag())
                if batch:
                    self._finish(batch)
        finally:
            self._settling.close()
            self._log.close()

    def _finish(self, batch: Sequence[Record]) -> None:
        settled = self._settling.settle(batch)
        if len(settled) < len(batch):
            # Told to stop while a dependency was away: none of it is committed, all of it comes again.
            return
        # What a rebalance took from us meanwhile is somebody else's to commit.
        ours = [item for item in settled if self._log.owns(item.record)]
        started = time.monotonic()
        try:
            self._publishing.publish(ours)
        except CommitAborted as aborted:
            self._aborts += 1
            self._report.aborted(str(aborted), len(ours))
            self._stop.wait(backoff(self._aborts))
            return
        self._aborts = 0
        self._report.committed(time.monotonic() - started)
        for item in ours:
            self._report.settled(item.record, item.result, item.seconds, item.trace_id, item.attempts)
