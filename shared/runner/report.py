"""What a stage tells of its work: metrics, and a log line for whatever did not simply go on."""

from collections.abc import Callable, Mapping
from datetime import datetime

from shared import metrics, telemetry
from shared.events import BrakeChanged
from shared.events.lanes import Lane
from shared.kafka.log import Record
from shared.outcome import Done, Skip
from shared.runner.deadletters import reason_for
from shared.runner.handling import Result, outcome_name, reason_of
from shared.runner.suspects import Noted, Place

log = telemetry.logger("stage")


class Report:
    """The figures of one stage. Names and labels: schemas/metrics.yaml."""

    def __init__(self, stage: str, clock: Callable[[], datetime]) -> None:
        self._stage = stage
        self._clock = clock
        self._records = metrics.counter("isocentre_stage_records_total")
        self._handle = metrics.histogram("isocentre_stage_handle_seconds").labels(stage)
        self._commit = metrics.histogram("isocentre_stage_commit_seconds").labels(stage)
        self._age = metrics.histogram("isocentre_stage_age_seconds").labels(stage)
        self._lag = metrics.gauge("isocentre_stage_lag_records")
        self._retries = metrics.counter("isocentre_stage_retries_total").labels(stage)
        self._aborts = metrics.counter("isocentre_stage_aborts_total").labels(stage)
        self._suspects = metrics.gauge("isocentre_stage_suspects").labels(stage)
        self._ends = metrics.counter("isocentre_stage_worker_ends_total")
        self._degraded = metrics.gauge("isocentre_stage_degraded").labels(stage)
        self._braked = metrics.gauge("isocentre_stage_braked")
        self._brakes: dict[str, str] = {}

    def settled(self, record: Record, result: Result, seconds: float, trace_id: str | None, attempts: int) -> None:
        """One record has reached its end and that end is committed."""
        exemplar = {"trace_id": trace_id} if trace_id else None
        self._handle.observe(seconds, exemplar)
        self._age.observe(max(0.0, (self._clock() - record.timestamp).total_seconds()), exemplar)
        if isinstance(result, Exception):
            reason = reason_for(result).value
            self._records.labels(self._stage, record.topic, "dead-letter", reason).inc()
            log.error(
                "dead-letter",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=reason,
                error=type(result).__name__,
                frames=telemetry.frames_of(result)[-4:],
                attempts=attempts,
                trace_id=trace_id,
            )
            return
        outcome, reason = outcome_name(result), reason_of(result)
        self._records.labels(self._stage, record.topic, outcome, reason).inc()
        if not isinstance(result, Done | Skip):
            log.info(outcome, topic=record.topic, reason=reason, trace_id=trace_id)

    def committed(self, seconds: float) -> None:
        """A transaction went through."""
        self._commit.observe(seconds)

    def aborted(self, error: str, records: int) -> None:
        """A transaction was aborted; its records come again."""
        self._aborts.inc()
        log.warning("transaction-aborted", error=error, records=records)

    def waiting(self, why: str, attempt: int) -> None:
        """A dependency is away."""
        self._degraded.set(1)
        self._retries.inc()
        log.warning("waiting", reason=why, attempt=attempt)

    def recovered(self) -> None:
        """It is back."""
        self._degraded.set(0)

    def brake(self, state: BrakeChanged) -> None:
        """A brake is on, or is off again."""
        self._braked.labels(self._stage, state.site).set(state.on)
        if state.on and self._brakes.get(state.site) != state.brake:
            self._brakes[state.site] = state.brake
            log.error(
                "brake-on",
                site=state.site,
                reason=state.reason,
                failed=state.failed,
                window=state.window,
                ordinary=round(state.ordinary, 4),
                next_probe_at=state.next_probe_at,
            )
        elif not state.on and self._brakes.pop(state.site, ""):
            log.warning("brake-off", site=state.site, reason=state.reason, how=state.ended)

    def lag(self, behind: Mapping[Lane, int]) -> None:
        """How many records each lane is behind."""
        for lane, records in behind.items():
            self._lag.labels(self._stage, lane).set(records)

    def began(self, before: Noted, suspects: int) -> None:
        """A worker has begun, and found what the one before it had noted."""
        for how in ("died", "hung"):
            self._ends.labels(self._stage, how)
        if before.in_hand:
            how = "hung" if before.hung else "died"
            self._ends.labels(self._stage, how).inc()
            log.error("worker-before-ended", how=how, in_hand=len(before.in_hand), suspects=suspects)
        self.suspects(suspects)

    def suspects(self, records: int) -> None:
        """So many records are to be handled alone."""
        self._suspects.set(records)

    def suspected(self, place: Place, ends: int) -> None:
        """This record is handled alone."""
        topic, partition, offset = place
        log.warning("handled-alone", topic=topic, partition=partition, offset=offset, ends=ends)

    def hung(self, place: Place, seconds: float) -> None:
        """This record takes too long, and the process ends."""
        topic, partition, offset = place
        log.error("hung", topic=topic, partition=partition, offset=offset, seconds=seconds)
