"""Puts the steps of arrivals together as journeys (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

STEPS = ("anonymiser", "validator", "indexer", "thumbnailer")
REFUSED = "rejected"


@dataclass(frozen=True, slots=True)
class Step:
    """One stage's word on an arrival. `after` is seconds since its first step; `at` is exact, for our own use."""

    step: str
    outcome: str
    reason: str | None
    at: datetime
    after: float
    trace_id: str | None
    trace_url: str | None


@dataclass(frozen=True, slots=True)
class Journey:
    """The way of one arrival through the stages, as far as it has come."""

    arrival: str
    site: str
    project: str
    study: str
    series: str
    instance: str
    in_index: bool
    steps: tuple[Step, ...]

    @property
    def refused(self) -> bool:
        """Whether a stage has refused it for good."""
        return any(step.outcome == REFUSED for step in self.steps)

    @property
    def trace_ids(self) -> tuple[str, ...]:
        """The traces that tell more of it: one, unless it was sent again or re-run."""
        return tuple(sorted({step.trace_id for step in self.steps if step.trace_id}))

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The stages that have not spoken yet; none after a refusal."""
        spoken = {step.step for step in self.steps}
        return () if self.refused else tuple(name for name in STEPS if name not in spoken)


def trace_link(trace_store_url: str | None, trace_id: str | None) -> str | None:
    """The page of a trace in the trace store."""
    if not trace_store_url or not trace_id:
        return None
    return f"{trace_store_url.rstrip('/')}/zipkin/traces/{trace_id}"


def assemble(rows: Iterable[Mapping[str, Any]], trace_store_url: str | None) -> tuple[Journey, ...]:
    """The journeys in rows of the table `journey` (with `in_index`), the newest arrival first."""
    by_arrival: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_arrival.setdefault(row["arrival"], []).append(row)
    found = [_journey(steps, trace_store_url) for steps in by_arrival.values()]
    return tuple(sorted(found, key=lambda journey: (journey.steps[0].at, journey.arrival), reverse=True))


def as_json(journey: Journey) -> dict[str, Any]:
    """For the command line. Times of arrival by the hour: beside a shifted study date an exact one tells too much."""
    return {
        "arrival": journey.arrival,
        "site": journey.site,
        "project": journey.project,
        "study_instance_uid": journey.study,
        "series_instance_uid": journey.series,
        "sop_instance_uid": journey.instance,
        "in_index": journey.in_index,
        "refused": journey.refused,
        "waiting_for": list(journey.waiting_for),
        "trace_ids": list(journey.trace_ids),
        "steps": [_step_json(step) for step in journey.steps],
    }


def by_the_hour(at: datetime) -> datetime:
    """`at` as coarse as it may be told."""
    return at.replace(minute=0, second=0, microsecond=0)


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "step": step.step,
        "outcome": step.outcome,
        "reason": step.reason,
        "at": by_the_hour(step.at).isoformat(),
        "after_seconds": round(step.after, 3),
        "trace_id": step.trace_id,
        "trace_url": step.trace_url,
    }


def _journey(rows: list[Mapping[str, Any]], trace_store_url: str | None) -> Journey:
    ordered = sorted(rows, key=lambda row: (row["at"], STEPS.index(row["step"]) if row["step"] in STEPS else 9))
    first = ordered[0]
    return Journey(
        arrival=first["arrival"],
        site=first["site"],
        project=first["project"],
        study=first["study_instance_uid"],
        series=first["series_instance_uid"],
        instance=first["sop_instance_uid"],
        in_index=bool(first["in_index"]),
        steps=tuple(
            Step(
                step=row["step"],
                outcome=row["outcome"],
                reason=row["reason"],
                at=row["at"],
                after=(row["at"] - first["at"]).total_seconds(),
                trace_id=row["trace_id"],
                trace_url=trace_link(trace_store_url, row["trace_id"]),
            )
            for row in ordered
        ),
    )
