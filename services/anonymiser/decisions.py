"""The events that follow from a verdict: on the arrival itself, or on a decision about what was held."""

from dataclasses import dataclass
from typing import Any

from services.anonymiser.verdict import Cleaned, Held, Rejected
from shared.dicom.identity import Pseudonyms
from shared.events import (
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    InstanceAnonymised,
    InstanceCleared,
    InstanceDecided,
    InstanceHeld,
    InstanceReceived,
    InstanceUnheld,
    Outgoing,
)
from shared.outcome import Reason

MOST_TOLD = 100
"""Findings, and places, of one instance at most; a record has to stay small."""

_ENDS = {"discard": Reason.DISCARDED, "expire": Reason.EXPIRED}


@dataclass(frozen=True, slots=True)
class Case:
    """One instance to decide about, and why now. `revision`: of the profile that decides."""

    event: InstanceReceived | InstanceDecided
    revision: str
    pseudonyms: Pseudonyms

    @property
    def decision(self) -> InstanceDecided | None:
        return self.event if isinstance(self.event, InstanceDecided) else None

    @property
    def ended(self) -> Reason | None:
        """Why it will never go through: a person has decided so, or the time."""
        return _ENDS.get(self.decision.decision) if self.decision else None

    @property
    def released(self) -> frozenset[Reason]:
        """For which reasons it was held that are to count no more. What is tried again has to pass without them."""
        if self.decision is None or self.decision.decision != "release":
            return frozenset()
        return frozenset(map(Reason, (*self.decision.lifted, self.decision.for_reason)))

    @property
    def lifted(self) -> tuple[str, ...]:
        """`released` as events tell it: in order."""
        return tuple(sorted(reason.value for reason in self.released))

    @property
    def syntax(self) -> str | None:
        return self.event.transfer_syntax_uid

    def common(self) -> dict[str, Any]:
        """What every event of the identified side about it says."""
        names = ("site", "project", "arrival", "study_key", "key", "digest")
        return {name: getattr(self.event, name) for name in names}

    def counted(self, kind: str) -> str:
        """Id of a count on the clean side: keyed, so that it cannot be tied to the arrival without the key.

        Of two decisions about one hold only the first counts, so both make the same id.
        """
        if self.decision is None:
            return self.pseudonyms.event_id(kind, self.event.arrival, self.revision)
        return self.pseudonyms.event_id(kind, self.event.arrival, self.revision, "after", self.decision.after or "")


def anonymised(case: Case, cleaned: Cleaned, key: str, header: dict[str, Any]) -> tuple[Outgoing, ...]:
    """The clean copy lies under `key`. After a decision: one fewer is held, and the identified side knows why."""
    event = case.event
    told = InstanceAnonymised(
        site=event.site,
        project=event.project,
        arrival=event.arrival,
        profile=case.revision,
        key_id=case.pseudonyms.key_id,
        released=case.lifted,
        patient_id=cleaned.patient.code,
        study_instance_uid=cleaned.study_uid,
        series_instance_uid=cleaned.series_uid,
        sop_instance_uid=cleaned.instance_uid,
        sop_class_uid=cleaned.sop_class_uid,
        transfer_syntax_uid=cleaned.transfer_syntax_uid,
        key=key,
        digest=cleaned.digest,
        size=cleaned.size,
        bulk=cleaned.bulk,
        findings=tuple(dict.fromkeys(cleaned.findings))[:MOST_TOLD],
        **header,
    )
    if case.decision is None:
        return (Outgoing.of(told),)
    cleared = InstanceCleared(**case.common(), decision_id=case.decision.decision_id, profile=case.revision)
    return (Outgoing.of(told), Outgoing.of(cleared), *_unheld(case))


def held(case: Case, verdict: Held | Rejected) -> tuple[Outgoing, ...]:
    """The verdict for the identified side, and one more to count for the clean side."""
    event = case.event
    common = case.common() | {"reason": verdict.reason.value, "profile": case.revision}
    common["decision_id"] = case.decision.decision_id if case.decision else None
    told: IdentifiedInstanceQuarantined | IdentifiedInstanceRejected
    if isinstance(verdict, Held):
        outcome = "quarantined"
        described: dict[str, Any] = {"transfer_syntax_uid": case.syntax, "lifted": case.lifted}
        if isinstance(event, InstanceReceived):
            described |= {"sop_class_uid": event.sop_class_uid, "size": event.size}
        told = IdentifiedInstanceQuarantined(**common, **described, places=verdict.places[:MOST_TOLD])
    else:
        outcome = "rejected"
        told = IdentifiedInstanceRejected(**common)
    counted = InstanceHeld(site=event.site, project=event.project, outcome=outcome, reason=verdict.reason.value)
    return (Outgoing.of(told), Outgoing(counted, case.counted("held"), event.site), *_unheld(case))


def _unheld(case: Case) -> tuple[Outgoing, ...]:
    if case.decision is None:
        return ()
    event = case.decision
    undone = InstanceUnheld(site=event.site, project=event.project, outcome="quarantined", reason=event.for_reason)
    return (Outgoing(undone, case.counted("unheld"), event.site),)
