"""The stage runner. Order is a promise: handle, publish and be confirmed, then move on."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from shared.health import Health
from shared.kafka.log import CommitAborted, Log, Record
from shared.outcome import Fenced, Transient
from shared.runner.backoff import backoff
from shared.runner.brake import Policy
from shared.runner.braking import Braking
from shared.runner.deadletters import DeadLetters
from shared.runner.ending import Watchdog, end_process
from shared.runner.hand import Hand
from shared.runner.handling import Handling
from shared.runner.journal import Journal
from shared.runner.notices import Notices, Silence
from shared.runner.pauses import Pauses
from shared.runner.publishing import Publishing
from shared.runner.report import Report
from shared.runner.settling import Settling
from shared.runner.suspects import place_of
from shared.runner.watch import Watch

POLL = 0.5
"""Seconds to wait for a first record; also how soon a resting stage sees that it has to stop."""

DEAF = 60.0
"""Seconds: longer than any call to the broker."""

LEAVING = 60.0
"""Seconds to end in order; a client of Kafka's that waits for itself may hold the interpreter."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage is."""

    name: str
    handling: Handling
    dead_letters: DeadLetters
    batch_size: int
    record_seconds: float = 900.0
    """Time for one record; a worker that takes longer counts as hanging, and ends."""
    brake: Policy = Policy(floor=0)  # noqa: RUF009 - frozen


class Runner:
    """Runs one stage on one log until told to stop."""

    def __init__(
        self,
        stage: Stage,
        source: Log,
        health: Health,
        stop: threading.Event,
        journal: Journal | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        end: Callable[[], NoReturn] = end_process,
        deaf: float = DEAF,
        notices: Notices | None = None,
    ) -> None:
        """`journal`: where the next worker learns what this one had in hand. `end`: what ends a process that hangs.

        `deaf`: seconds beyond those for a record after which the loop counts as hanging itself. `notices`: what is told
        of the stage's brakes.
        """
        self._stage = stage
        self._log = source
        self._health = health
        self._stop = stop
        self._report = Report(stage.name, clock)
        self._watchdog = Watchdog(stage.record_seconds + deaf)
        self._pauses = Pauses(source, health, self._report, stop, self._watchdog)
        self._hand = Hand(journal, self._report)
        watch = Watch(stage.handling.under_way, stage.record_seconds, self._hand, self._report, end)
        self._braking = Braking(
            stage.name,
            stage.brake,
            stage.dead_letters.identified,
            notices or Silence(),
            source,
            self._report,
            clock,
        )
        self._settling = Settling(stage.name, stage.handling, self._hand, self._pauses, watch, self._braking)
        self._publishing = Publishing(stage.name, stage.dead_letters, source, self._pauses, clock)
        self._aborts = 0

    def run(self) -> None:
        """Take batches until `stop` is set; what has been taken is finished first. Raises `LogLost`."""
        attempt = 0
        try:
            while not self._stop.is_set():
                self._pauses.beat()
                try:
                    batch = self._taken()
                except Transient as away:
                    attempt += 1
                    self._pauses.wait_for(away, attempt)
                    continue
                attempt = 0
                self._pauses.recovered(self._braking.stopped_by)
                self._report.lag(self._log.lag())
                if batch:
                    self._work_on(batch)
            self._hand.forget()
        except Exception:
            # The broker ends this worker, or a bug of ours: not the record that it has in hand.
            self._hand.put_down()
            raise
        finally:
            self._watchdog.feed_last(LEAVING)
            self._settling.close()
            self._log.close()
            self._braking.close()
            self._watchdog.stop()

    def _taken(self) -> Sequence[Record]:
        """The next batch, unless the stage has stopped; before it, what was told of brakes. Raises `Transient`."""
        if released := self._braking.look():
            try:
                self._publishing.publish([], released.changes)
            except CommitAborted as aborted:
                raise Transient(str(aborted)) from None
            self._braking.accept(released)
        if most := self._braking.most(self._stage.batch_size):
            return self._log.poll(most, POLL)
        self._log.idle(POLL)
        return ()

    def _work_on(self, batch: Sequence[Record]) -> None:
        """Finish `batch` in parts, one after the other, so that no offset is committed before those below it."""
        again: set[tuple[str, int]] = set()
        parts = self._hand.parts(batch)
        for part in parts:
            left = [record for record in part if (record.topic, record.partition) not in again]
            if self._stop.is_set() and part is not parts[0]:
                return
            if left and not self._finish(left):
                again.update((record.topic, record.partition) for record in left)

    def _finish(self, batch: Sequence[Record]) -> bool:
        """Handle and publish. Whether that was all: otherwise these come again, with what follows them."""
        try:
            settled = self._settling.settle(batch)
        except Fenced as fenced:
            self._log.give_up(batch)
            self._aborted(type(fenced).__name__, len(batch))
            return False
        if len(settled) < len(batch):
            # Told to stop while a dependency was away: none of it is committed, all of it comes again.
            return False
        # What a rebalance took from us meanwhile is somebody else's to commit.
        ours = [item for item in settled if self._log.owns(item.record)]
        judged = self._braking.judge(ours)
        started = time.monotonic()
        try:
            self._publishing.publish(ours, judged.changes)
        except CommitAborted as aborted:
            self._aborted(str(aborted), len(ours))
            return False
        self._aborts = 0
        self._braking.accept(judged)
        self._report.committed(time.monotonic() - started)
        for item in ours:
            self._report.settled(item.record, item.result, item.seconds, item.trace_id, item.attempts)
        self._hand.clear([place_of(item.record) for item in ours])
        return True

    def _aborted(self, why: str, records: int) -> None:
        """Nothing of these records counts, and they come again. The next batch waits a little."""
        self._aborts += 1
        self._report.aborted(why, records)
        self._stop.wait(backoff(self._aborts))
