"""What handlers get and answer, and the two ways to handle a batch: record by record, or as a whole."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from shared import telemetry
from shared.events import Event
from shared.outcome import Done, Outcome
from shared.telemetry import Attribute


@dataclass(frozen=True, slots=True)
class Incoming:
    """A decoded record on its way into a handler."""

    event: Event
    topic: str
    partition: int
    offset: int
    timestamp: datetime
    """When the record was published, UTC."""
    traceparent: str | None = None
    """The step before."""
    key: str | None = None
    """What the topic keeps in order."""
    epoch: int | None = None
    """Of our claim to its partition; None where the stage makes none (`shared.kafka.Claims`)."""

    @property
    def trace_id(self) -> str | None:
        """32 hexadecimal digits."""
        return telemetry.trace_id_in(self.traceparent)


Result = Outcome | Exception
"""What became of one record. An exception is sorted by the runner: Transient is tried again, others are bugs."""


@dataclass(frozen=True, slots=True)
class Handled:
    """One try at one record."""

    result: Result
    traceparent: str
    """The span of this try: parent of what comes next."""
    seconds: float


class Handling:
    """How a stage handles a batch."""

    def __call__(self, batch: Sequence[Incoming]) -> Sequence[Handled]:
        """An answer for each record, in the same order. Never raises."""
        raise NotImplementedError


class Each(Handling):
    """Calls `handle` on each record, `workers` at a time, each within a span of its own."""

    def __init__(self, stage: str, handle: Callable[[Incoming], Outcome], workers: int) -> None:
        self._stage = stage
        self._handle = handle
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="handle")

    def __call__(self, batch: Sequence[Incoming]) -> Sequence[Handled]:
        return list(self._pool.map(self._one, batch))

    def _one(self, record: Incoming) -> Handled:
        started = time.monotonic()
        parent = telemetry.parent_in(record.traceparent)
        with telemetry.span(
            f"process {record.topic}", "consumer", parent, telemetry.consuming(self._stage, record.topic)
        ) as span:
            result: Result
            try:
                result = self._handle(record)
            except Exception as failed:
                result = failed
            tell(span, result)
            return Handled(result, span.traceparent, time.monotonic() - started)


class Whole(Handling):
    """Calls `handle` on the batch as it is; every record's span covers the whole of that time."""

    def __init__(self, stage: str, handle: Callable[[Sequence[Incoming]], Sequence[Outcome]]) -> None:
        self._stage = stage
        self._handle = handle

    def __call__(self, batch: Sequence[Incoming]) -> Sequence[Handled]:
        started = time.monotonic()
        spans = [self._open(record) for record in batch]
        results: Sequence[Result]
        try:
            results = self._handle(batch)
        except Exception as failed:
            results = [failed] * len(batch)
        seconds = time.monotonic() - started
        for span, result in zip(spans, results, strict=True):
            tell(span, result)
            span.end()
        return [Handled(result, span.traceparent, seconds) for span, result in zip(spans, results, strict=True)]

    def _open(self, record: Incoming) -> telemetry.Span:
        parent = telemetry.parent_in(record.traceparent)
        return telemetry.start(
            f"process {record.topic}", "consumer", parent, telemetry.consuming(self._stage, record.topic)
        )


def tell(span: telemetry.Span, result: Result) -> None:
    """Write on `span` how it ended."""
    if isinstance(result, Exception):
        span.fail(type(result).__name__)
        return
    span.set({Attribute.OUTCOME: outcome_name(result)})
    reason = reason_of(result)
    if reason:
        span.set({Attribute.REASON: reason})


def outcome_name(result: Outcome) -> str:
    """The name of an outcome in metrics and spans."""
    return type(result).__name__.lower()


def reason_of(result: Outcome) -> str:
    """Its reason code, empty when it has none."""
    return "" if isinstance(result, Done) else result.reason.value
