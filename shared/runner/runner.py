"""The stage runner. Order is a promise: handle, publish and be confirmed, then move on."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime

from shared import telemetry
from shared.events import Event, Outgoing
from shared.events.envelope import UndecodableEvent, decode, encode, header
from shared.events.lanes import kept
from shared.health import Health
from shared.kafka.log import CommitAborted, Log, LogLost, Output, Record, TooLarge
from shared.outcome import Transient, events_of
from shared.runner.backoff import backoff
from shared.runner.deadletters import DeadLetters, OutputTooLarge
from shared.runner.handling import Handled, Handling, Incoming, Result
from shared.runner.report import Report

POLL = 0.5
"""Seconds to wait for a first record; also how soon a resting stage sees that it has to stop."""

IDLE = 0.1
"""Seconds between signs of life to the group while a batch is being handled or waits."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage is."""

    name: str
    handling: Handling
    dead_letters: DeadLetters
    batch_size: int


@dataclass(slots=True)
class Settled:
    """A record whose end is known: an outcome, or a failure that makes it a dead letter."""

    record: Record
    event: Event | None
    result: Result
    traceparent: str
    seconds: float
    attempts: int
    bare: bool = False

    @property
    def trace_id(self) -> str | None:
        return telemetry.trace_id_in(self.traceparent)


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
        self._clock = clock
        self._report = Report(stage.name, clock)
        self._aborts = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batch")

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
                    self._wait_for(away, attempt)
                    continue
                attempt = 0
                self._recovered()
                self._report.lag(self._log.lag())
                if batch:
                    self._finish(batch)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._log.close()

    def _finish(self, batch: Sequence[Record]) -> None:
        settled = self._settle(batch)
        if len(settled) < len(batch):
            # Told to stop while a dependency was away: none of it is committed, all of it comes again.
            return
        # What a rebalance took from us meanwhile is somebody else's to commit.
        ours = [item for item in settled if self._log.owns(item.record)]
        started = time.monotonic()
        try:
            self._commit(ours)
        except CommitAborted as aborted:
            self._aborts += 1
            self._report.aborted(str(aborted), len(ours))
            self._stop.wait(backoff(self._aborts))
            return
        self._aborts = 0
        self._report.committed(time.monotonic() - started)
        for item in ours:
            self._report.settled(item.record, item.result, item.seconds, item.trace_id, item.attempts)

    # --- handling

    def _settle(self, batch: Sequence[Record]) -> list[Settled]:
        """Handle all of `batch`, for as long as it takes. Fewer come back when told to stop meanwhile."""
        settled: dict[int, Settled] = {}
        pending: dict[int, Incoming] = {}
        for index, record in enumerate(batch):
            try:
                pending[index] = _incoming(record)
            except UndecodableEvent as undecodable:
                settled[index] = Settled(record, None, undecodable, header(record.headers, "traceparent") or "", 0, 1)
        attempt = 0
        while pending:
            attempt += 1
            away: Transient | None = None
            for index, handled in zip(list(pending), self._attempt(list(pending.values())), strict=True):
                if isinstance(handled.result, Transient):
                    away = handled.result
                    continue
                event = pending.pop(index).event
                settled[index] = Settled(
                    batch[index], event, handled.result, handled.traceparent, handled.seconds, attempt
                )
            if away is not None:
                if self._stop.is_set():
                    break
                self._wait_for(away, attempt)
        self._recovered()
        return [settled[index] for index in sorted(settled)]

    def _attempt(self, batch: Sequence[Incoming]) -> Sequence[Handled]:
        """One try. When nothing but bugs comes back, one record may have spoilt it for all: each alone."""
        handled = self._handle(batch)
        if len(batch) > 1 and all(_is_bug(item.result) for item in handled):
            return [self._handle([record])[0] for record in batch]
        return handled

    def _handle(self, batch: Sequence[Incoming]) -> Sequence[Handled]:
        """Handle on another thread, so that the group hears from us while it lasts."""
        future: Future[Sequence[Handled]] = self._thread.submit(self._stage.handling, batch)
        wait([future], timeout=IDLE)
        while not future.done():
            self._health.beat()
            self._log.idle(0)
            wait([future], timeout=IDLE)
        return future.result()

    def _wait_for(self, away: Transient, attempt: int) -> None:
        """Pause until the next try. Health says so, and the group is kept."""
        self._health.waiting(str(away) or "dependency")
        self._report.waiting(str(away), attempt)
        until = time.monotonic() + backoff(attempt)
        while time.monotonic() < until and not self._stop.is_set():
            self._health.beat()
            self._log.idle(IDLE)

    def _recovered(self) -> None:
        self._health.ready()
        self._report.recovered()

    # --- publishing

    def _commit(self, settled: Sequence[Settled]) -> None:
        """Publish and commit, for as long as it takes. Raises `CommitAborted` and `LogLost`."""
        attempt = 0
        records = [item.record for item in settled]
        owned = self._outputs(settled)
        while records:
            try:
                self._log.commit(records, [output for output, _ in owned])
                return
            except TooLarge as refused:
                _make_smaller(owned[refused.index][1])
                owned = self._outputs(settled)
            except Transient as away:
                attempt += 1
                if self._stop.is_set():
                    raise CommitAborted("told to stop") from None
                self._wait_for(away, attempt)
                # A new owner handles them too, and the group would take both commits: let the transaction die.
                if not all(self._log.owns(record) for record in records):
                    raise LogLost("partitions moved during a commit") from None

    def _outputs(self, settled: Sequence[Settled]) -> list[tuple[Output, Settled]]:
        """The records to publish, each with what it comes from."""
        now = self._clock()
        owned = []
        for item in settled:
            for made in self._published_for(item):
                outgoing = kept(made, item.record.lane)
                value, headers = encode(outgoing, self._stage.name, now, item.traceparent)
                owned.append((Output(outgoing.event.topic, outgoing.key, value, tuple(headers)), item))
        return owned

    def _published_for(self, item: Settled) -> Sequence[Outgoing]:
        if isinstance(item.result, Exception):
            return self._stage.dead_letters.of(
                item.record, item.event, item.result, item.attempts, item.trace_id, item.bare
            )
        return events_of(item.result)


def _incoming(record: Record) -> Incoming:
    event = decode(record.topic, record.value, record.headers)
    traceparent = header(record.headers, "traceparent")
    return Incoming(event, record.topic, record.partition, record.offset, record.timestamp, traceparent or None)


def _is_bug(result: Result) -> bool:
    return isinstance(result, Exception) and not isinstance(result, Transient)


def _make_smaller(culprit: Settled) -> None:
    """Instead of outputs that are too large a dead letter; instead of one that is too large its coordinates."""
    if not isinstance(culprit.result, Exception):
        culprit.result = OutputTooLarge()
    elif not culprit.bare:
        culprit.bare = True
    else:
        # Dropping the record would lose it: stop, and let a person look.
        raise LogLost("a dead letter is refused")
