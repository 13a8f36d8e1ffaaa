"""Cases as tables and as JSON. Never a value, never a pixel: neither is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from infra.quarantine.cases import Case, Step
from infra.quarantine.choosing import summary

SHOWN_ID = 12
"""Characters of an id in a table; more than enough to name one."""


def table(cases: Iterable[Case], now: datetime) -> Table:
    """One line for each case."""
    made = _table("id", "site", "state", "reason", "held since", "days", "profile", "places")
    for case in cases:
        made.add_row(
            case.arrival[:SHOWN_ID],
            case.first.site,
            _state(case),
            case.reason,
            _time(case.since),
            str((now - case.since).days),
            case.profile,
            str(len(_places(case)) or ""),
        )
    return made


def summary_table(cases: Iterable[Case]) -> Table:
    """How many, by state, reason and site; the most first."""
    made = _table("instances", "state", "reason", "site")
    for (state, reason, site), count in sorted(summary(cases).items(), key=lambda item: (-item[1], item[0])):
        made.add_row(str(count), state, reason, site)
    return made


def history(case: Case) -> Table:
    """The verdict on the arrival, and each decision with what came of it."""
    made = _table("when", "what", "by", "ground", "for", "profile", "came to")
    made.add_row(
        _time(case.verdict.at), "verdict", "anonymiser", "", "", case.first.profile, f"held: {case.first.reason}"
    )
    for step in case.steps:
        decision = step.decision
        made.add_row(
            _time(decision.decided_at),
            decision.decision,
            decision.actor,
            decision.ground,
            decision.for_reason,
            decision.profile or "",
            _came_to(step),
        )
    return made


def facts(case: Case, bytes_there: bool | None) -> Iterator[tuple[str, str]]:
    """What is known of one case, as names and values."""
    first = case.first
    yield "arrival", case.arrival
    yield "site, project", f"{first.site}, {first.project}"
    yield "state", _state(case)
    yield "reason", case.reason
    if case.hold and case.hold.lifted:
        yield "released for", ", ".join(case.hold.lifted)
    yield "held since", _time(case.since)
    yield "profile", case.profile
    yield "SOP class", first.sop_class_uid or "not told"
    yield "transfer syntax", first.transfer_syntax_uid or "not told"
    yield "size", "not told" if first.size is None else f"{first.size} bytes"
    yield "bytes", f"bucket identified, {first.key} ({_bytes(bytes_there)})"
    yield "digest", first.digest
    yield "study", first.study_key
    for place in _places(case):
        yield "place", place


def as_json(case: Case, bytes_there: bool | None = None) -> dict[str, Any]:
    """The same for programs."""
    first = case.first
    told = first.model_dump(
        mode="json", exclude={"reason", "profile", "places", "lifted", "decision_id"}, exclude_none=True
    )
    return {
        **told,
        "state": case.state,
        "waiting": case.waiting,
        "reason": case.reason,
        "profile": case.profile,
        "places": list(_places(case)),
        "lifted": list(case.hold.lifted) if case.hold else [],
        "held_since": case.since.astimezone(UTC).isoformat(),
        **({} if bytes_there is None else {"bytes_there": bytes_there}),
        "decisions": [
            {
                **step.decision.model_dump(
                    mode="json",
                    include={
                        "decision_id",
                        "decision",
                        "for_reason",
                        "lifted",
                        "profile",
                        "ground",
                        "actor",
                        "decided_at",
                    },
                    exclude_none=True,
                ),
                "came_to": step.end.kind if step.end else None,
                "came_to_reason": step.end.reason if step.end else None,
            }
            for step in case.steps
        ],
    }


def _table(*columns: str) -> Table:
    made = Table(box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, no_wrap=True, justify="right" if column in ("days", "instances") else "left")
    return made


def _state(case: Case) -> str:
    return f"{case.state} (being carried out)" if case.waiting else case.state


def _places(case: Case) -> tuple[str, ...]:
    return case.hold.places if case.hold else ()


def _came_to(step: Step) -> str:
    if step.end is None:
        return "being carried out"
    kind = {"cleared": "let through", "failed": "dead letter, so nothing has changed"}.get(step.end.kind, step.end.kind)
    return f"{kind}: {step.end.reason}" if step.end.reason else kind


def _bytes(there: bool | None) -> str:
    return {None: "not looked for", True: "there", False: "gone"}[there]


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"
