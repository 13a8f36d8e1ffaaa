"""Brakes as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from infra.brake.brakes import Brake
from infra.cli.terminal import columns
from shared.events import WHOLE_STAGE


def table(brakes: Iterable[Brake]) -> Table:
    """One line for each."""
    made = columns("stage", "site", "state", "reason", "share", "ordinary", "since", "probes", "next probe")
    for brake in brakes:
        told = brake.told
        made.add_row(
            told.stage,
            "all" if told.site == WHOLE_STAGE else told.site,
            f"off ({told.ended})" if told.ended else brake.state,
            told.reason,
            f"{told.failed} of {told.window}",
            f"{told.ordinary:.0%}",
            _time(told.tripped_at),
            str(told.probes or ""),
            _time(told.next_probe_at) if told.next_probe_at else "" if brake.state == "off" else "waits for a person",
        )
    return made


def as_json(brake: Brake) -> dict[str, Any]:
    """The same for programs."""
    return {"zone": brake.zone.name, "state": brake.state, **brake.told.model_dump(mode="json", exclude_none=True)}


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
