"""What handlers get and answer, and the two ways to handle a batch: record by record, or as a whole."""

import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from shared import telemetry
from shared.events import Event
from shared.outcome import Done, Outcome, Transient
from shared.runner.load import Load
from shared.runner.suspects import Place
from shared.runner.under_way import UnderWay
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
    epoch: int | None = None
    """Of our claim to its partition; None where the stage makes none (`shared.kafka.Claims`)."""

    @property
    def place(self) -> Place:
        """What names the record."""
        return (self.topic, self.partition, self.offset)

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

    def __init__(self) -> None:
        self.under_way = UnderWay()
        """What of the batch is being handled at this moment."""

    def __call__(self, batch: Sequence[Incoming]) -> Sequence[Handled]:
        """An answer for each record, in the same order. Never raises."""
        raise NotImplementedError


class Each(Handling):
    """Calls `handle` on each record, `workers` at a time, each within a span of its own."""

    def __init__(
        self,
        stage: str,
        handle: Callable[[Incoming], Outcome],
        workers: int,
        *,
        load: Load | None = None,
        line: Callable[[Event], Hashable] | None = None,
    ) -> None:
        """`load`: how much may be in hand at once. `line`: records for which it says the same are handled one after
        the other, in the order in which they came; without it there is no order."""
        super().__init__()
        self._stage = stage
        self._handle = handle
        self._load = load
        self._line = line
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="handle")

    def __call__(self, batch: Sequence[Incoming]) -> Sequence[Handled]:
        if self._line is None:
            return list(self._pool.map(self._one, batch))
        lines: dict[Hashable, list[int]] = {}
        for index, record in enumerate(batch):
            lines.setdefault(self._line(record.event), []).append(index)
        handled = self._pool.map(lambda line: self._in_order([batch[index] for index in line]), lines.values())
        answers = {
            index: answer
            for line, part in zip(lines.values(), handled, strict=True)
            for index, answer in zip(line, part, strict=True)
        }
        return [answers[index] for index in range(len(batch))]

    def _in_order(self, records: Sequence[Incoming]) -> list[Handled]:
        """One after the other; behind one that is to be tried again, none is begun."""
        handled: list[Handled] = []
        for record in records:
            if handled and isinstance(handled[-1].result, Transient):
                handled.append(Handled(handled[-1].result, record.traceparent or "", 0))
            else:
                handled.append(self._one(record))
        return handled

    def _one(self, record: Incoming) -> Handled:
        if self._load is None:
            return self._spanned(record)
        with self._load.carrying(record.event):
            return self._spanned(record)

    def _spanned(self, record: Incoming) -> Handled:
        started = time.monotonic()
        parent = telemetry.parent_in(record.traceparent)
        with telemetry.span(
            f"process {record.topic}", "consumer", parent, telemetry.consuming(self._stage, record.topic)
        ) as span:
            result: Result
            try:
                with self.under_way.handling([record.place]):
                    result = self._handle(record)
            except Exception as failed:
                result = failed
            tell(span, result)
            return Handled(result, span.traceparent, time.monotonic() - started)


class Whole(Handling):
    """Calls `handle` on the batch as it is; every record's span covers the whole of that time."""

    def __init__(self, stage: str, handle: Callable[[Sequence[Incoming]], Sequence[Outcome]]) -> None:
        super().__init__()
        self._stage = stage
        self._handle = handle

    def __call__(self, batch: Sequence[Incoming]) -> Sequence[Handled]:
        started = time.monotonic()
        spans = [self._open(record) for record in batch]
        results: Sequence[Result]
        try:
            with self.under_way.handling([record.place for record in batch]):
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
