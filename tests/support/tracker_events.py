"""What happens to instances of one study, as events on the clean side."""

import hashlib
from typing import Any

from shared.events import (
    InstanceAnonymised,
    InstanceHeld,
    InstanceIndexed,
    InstanceRejected,
    InstanceRetracted,
    InstanceThumbnailed,
    InstanceUnheld,
    InstanceValidated,
)
from tests.support.events import anonymised

InstanceEvent = (
    InstanceAnonymised
    | InstanceValidated
    | InstanceRejected
    | InstanceIndexed
    | InstanceThumbnailed
    | InstanceRetracted
)


def instance(number: int, study: str = "2.25.1", **changes: Any) -> InstanceAnonymised:
    """The `number`th instance of a study; ten make a series."""
    name = hashlib.sha256(f"{study}/{number}".encode()).hexdigest()
    fields = {
        "study_instance_uid": study,
        "series_instance_uid": f"{study}.{number // 10}",
        "sop_instance_uid": f"{study}.{number // 10}.{number}",
        "arrival": name[:32],
        "digest": name,
    }
    return anonymised(**fields | changes)


def validated(of: InstanceAnonymised) -> InstanceValidated:
    return InstanceValidated(**of.reference(), header=of.header)


def indexed(of: InstanceAnonymised, modality: str = "CT") -> InstanceIndexed:
    return InstanceIndexed(**of.reference(), modality=modality)


def thumbnailed(of: InstanceAnonymised, picture: str | None = "1/p.jpg", renderer: str = "1") -> InstanceThumbnailed:
    reason = None if picture else "no-pixels"
    return InstanceThumbnailed(**of.reference(), renderer=renderer, picture=picture, reason=reason)


def rejected(of: InstanceAnonymised, stage: str = "validator", reason: str = "pixel-length") -> InstanceRejected:
    return InstanceRejected(**of.reference(), stage=stage, reason=reason)


def whole_way(of: InstanceAnonymised) -> list[InstanceEvent]:
    """All that happens to an instance with which nothing is wrong."""
    return [of, validated(of), indexed(of), thumbnailed(of)]


def held(reason: str = "burned-in-text", outcome: str = "quarantined", site: str = "site-a") -> InstanceHeld:
    return InstanceHeld(site=site, project="demo", outcome=outcome, reason=reason)


def unheld(reason: str = "burned-in-text", site: str = "site-a") -> InstanceUnheld:
    return InstanceUnheld(site=site, project="demo", outcome="quarantined", reason=reason)


def retracted(of: InstanceAnonymised) -> InstanceRetracted:
    names = ("site", "project", "arrival", "study_instance_uid", "series_instance_uid", "sop_instance_uid", "digest")
    return InstanceRetracted(**{name: getattr(of, name) for name in names}, reason="erased")
