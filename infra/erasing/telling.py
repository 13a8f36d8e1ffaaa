"""The events by which both zones, and the audit, learn of an erasure (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from infra.erasing.holdings import Holding
from shared.events import ERASED, AuditRecorded, Event, Ground, InstanceErased, InstanceRetracted

Act = Literal["erase.look", "erase.arrival", "erase.delete"]


@dataclass(frozen=True, slots=True)
class Wish:
    """Who erases, why, and under which id that is remembered."""

    receipt: str
    ground: Ground
    actor: str


def told(holding: Holding, wish: Wish, now: datetime) -> Iterator[Event]:
    """All that has to be said of one arrival and was not."""
    if holding.erased is None:
        yield InstanceErased(
            site=holding.site,
            project=holding.project,
            arrival=holding.arrival,
            receipt=wish.receipt,
            ground=wish.ground,
            erased_at=now,
        )
        yield audit(wish, "erase.arrival", now, holding)
    yield from _retractions(holding)


def _retractions(holding: Holding) -> Iterator[InstanceRetracted]:
    bare = InstanceRetracted(site=holding.site, project=holding.project, arrival=holding.arrival, reason=ERASED)
    if not holding.copies and not holding.retracted:
        yield bare
    for digest, copy in sorted(holding.copies.items()):
        if digest not in holding.retracted:
            names = ("study_instance_uid", "series_instance_uid", "sop_instance_uid", "key", "digest")
            yield bare.model_copy(update={name: getattr(copy, name) for name in names})


def audit(
    wish: Wish,
    act: Act,
    now: datetime,
    holding: Holding | None = None,
    *,
    count: int | None = None,
    failed: bool = False,
) -> AuditRecorded:
    """That he did that with one arrival, or with `count`."""
    return AuditRecorded(
        audit_id=str(uuid4()),
        act=act,
        actor=wish.actor,
        recorded_at=now,
        outcome="failed" if failed else "done",
        arrival=holding.arrival if holding else None,
        site=holding.site if holding else None,
        count=count,
        ground=wish.ground,
        receipt=wish.receipt,
    )
