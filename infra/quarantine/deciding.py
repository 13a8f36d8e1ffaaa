"""From a case and a wish to the events that say so (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from infra.quarantine.cases import Case
from shared.events import AuditRecorded, Choice, Ground, InstanceDecided

ActResult = Literal["done", "refused", "failed"]


class NotHeld(Exception):
    """There is nothing to decide: it was decided, or is no longer held. The text says which."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done with each of some cases. `profile`: the name of one to retry with."""

    decision: Choice
    ground: Ground
    actor: str
    profile: str | None = None

    @property
    def act(self) -> str:
        """Its name in the audit."""
        return f"quarantine.{self.decision}"


def decide(case: Case, wish: Wish, now: datetime) -> InstanceDecided:
    """The decision about what `case` is held for now. Raises NotHeld."""
    hold = case.hold
    if hold is None or hold.reason is None:
        raise NotHeld(f"{case.state}{', being carried out' if case.waiting else ''}")
    first = case.first
    return InstanceDecided(
        site=first.site,
        project=first.project,
        arrival=first.arrival,
        study_key=first.study_key,
        key=first.key,
        digest=first.digest,
        decision_id=str(uuid4()),
        decision=wish.decision,
        for_reason=hold.reason,
        lifted=hold.lifted if wish.decision == "release" else (),
        after=case.last.decision.decision_id if case.last else None,
        profile=wish.profile,
        transfer_syntax_uid=first.transfer_syntax_uid,
        ground=wish.ground,
        actor=wish.actor,
        decided_at=now,
    )


def audit_of(act: str, actor: str, now: datetime, outcome: ActResult, case: Case, **more: str | None) -> AuditRecorded:
    """That `actor` did `act` with one case. `more`: `decision_id` and `ground` where there are."""
    return AuditRecorded.model_validate(
        {
            "audit_id": str(uuid4()),
            "act": act,
            "actor": actor,
            "recorded_at": now,
            "outcome": outcome,
            "arrival": case.arrival,
            "site": case.first.site,
            **more,
        }
    )


def audit_of_many(act: str, actor: str, now: datetime, count: int, site: str | None) -> AuditRecorded:
    """That `actor` looked at `count` cases, all of `site` if that is told."""
    return AuditRecorded(
        audit_id=str(uuid4()), act=act, actor=actor, recorded_at=now, outcome="done", count=count, site=site
    )
