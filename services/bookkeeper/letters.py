"""What a record says about itself that no code of ours could handle: as much as can be read of it."""

import base64
import json
from typing import NamedTuple

from shared.events.again import RawRecord


class Told(NamedTuple):
    """Which instance a record is about, as far as it says."""

    arrival: str | None = None
    site: str | None = None
    project: str | None = None
    digest: str | None = None
    decision: str | None = None


def record_in(carrier: RawRecord) -> bytes | None:
    """The value of the record that it carries; None when it lies at its coordinates only."""
    return None if carrier.record_value is None else base64.b64decode(carrier.record_value)


def told_by(record: bytes | None) -> Told:
    """Nothing, when it is no JSON object, or one without an arrival."""
    try:
        said = json.loads(record or b"")
    except (ValueError, RecursionError):
        return Told()
    if not isinstance(said, dict) or not isinstance(said.get("arrival"), str):
        return Told()
    names = ("arrival", "site", "project", "digest", "decision_id")
    return Told(*(said[name] if isinstance(said.get(name), str) else None for name in names))
