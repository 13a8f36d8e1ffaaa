"""What the bookkeeper tells of its work, and of the ledger: metrics, and a log line for what it cannot read."""

from collections.abc import Mapping

from shared import metrics, telemetry
from shared.events.envelope import UndecodableEvent
from shared.kafka import Record
from shared.outcome import Reason

log = telemetry.logger("bookkeeper")

Counts = Mapping[tuple[str, str], int]


class Report:
    """The figures. Names and labels: schemas/metrics.yaml."""

    def __init__(self) -> None:
        self._records = metrics.counter("isocentre_ledger_records_total")
        self._lag = metrics.gauge("isocentre_ledger_lag_records")
        self._write = metrics.histogram("isocentre_ledger_write_seconds")
        self._lines = _Shown("isocentre_ledger_lines")
        self._letters = _Shown("isocentre_ledger_open_letters")

    def told(self, record: Record) -> None:
        """It was understood."""
        self._records.labels(record.topic, "told", "").inc()

    def untold(self, record: Record, failed: Exception) -> None:
        """It was not, and is left out. The kind of failure is told, never its text."""
        reason = Reason.UNDECODABLE_EVENT if isinstance(failed, UndecodableEvent) else Reason.UNEXPECTED
        self._records.labels(record.topic, "untold", reason.value).inc()
        log.error(
            "untold",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=reason.value,
            error=type(failed).__name__,
            frames=telemetry.frames_of(failed)[-4:],
        )

    def written(self, seconds: float) -> None:
        """A batch is in the ledger."""
        self._write.observe(seconds)

    def lag(self, behind: Mapping[str, int]) -> None:
        """Records that are not read yet, by topic."""
        for topic, records in behind.items():
            self._lag.labels(topic).set(records)

    def counted(self, lines: Counts, open_letters: Counts) -> None:
        """Lines by site and state, open dead letters by stage and reason."""
        self._lines.show(lines)
        self._letters.show(open_letters)


class _Shown:
    """A gauge with two labels; what is not counted any more is 0."""

    def __init__(self, name: str) -> None:
        self._gauge = metrics.gauge(name)
        self._shown: set[tuple[str, str]] = set()

    def show(self, counts: Counts) -> None:
        self._shown |= counts.keys()
        for labels in self._shown:
            self._gauge.labels(*labels).set(counts.get(labels, 0))
