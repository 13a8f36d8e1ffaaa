"""Brakes as tests need them."""

from typing import Any

from infra.brake.brakes import ZONES
from shared.events import BrakeChanged

IDENTIFIED, CLEAN = ZONES


def changed(site: str = "site-a", **changes: Any) -> BrakeChanged:
    """A brake of the anonymiser (or of a clean `stage`) that is on."""
    fields: dict[str, Any] = {
        "stage": "anonymiser",
        "site": site,
        "brake": f"brake-of-{site}",
        "on": True,
        "reason": "held-by-profile",
        "failed": 100,
        "window": 104,
        "ordinary": 0.02,
        "tripped_at": "2026-01-01T02:00:00Z",
        "changed_at": "2026-01-01T02:00:00Z",
        "next_probe_at": "2026-01-01T02:01:00Z",
    }
    told = fields | changes
    zone = IDENTIFIED if told["stage"] == "anonymiser" else CLEAN
    return zone.changed.model_validate(told)
