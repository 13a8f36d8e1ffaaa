"""Reads what arrived, lets the engine decide, stores the clean copy: the only door between the zones."""

import hashlib

from services.anonymiser.engine import Cleaned, Context, Held, anonymise, revision
from shared.dicom.identity import Pseudonyms
from shared.events import (
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    InstanceAnonymised,
    InstanceHeld,
    InstanceReceived,
    Outgoing,
)
from shared.outcome import Done, Outcome, Quarantine, Reason, Reject
from shared.runner import Incoming
from shared.storage import Store
from shared.storage.headers import place_header

MOST_FINDINGS = 100
"""Told of one instance at most; a record has to stay small."""


class Anonymise:
    """De-identifies one received instance."""

    def __init__(self, *, identified: Store, clean: Store, pseudonyms: Pseudonyms) -> None:
        self._identified = identified
        self._clean = clean
        self._pseudonyms = pseudonyms

    def __call__(self, record: Incoming) -> Outcome:
        event = record.event
        assert isinstance(event, InstanceReceived)
        original = self._identified.get(event.key)
        verdict = anonymise(original, Context(event.site, self._pseudonyms), event.transfer_syntax_uid)
        if isinstance(verdict, Cleaned):
            return Done((self._let_through(event, verdict),))
        if isinstance(verdict, Held):
            return Quarantine(verdict.reason, self._held(event, "quarantined", verdict.reason))
        return Reject(verdict.reason, self._held(event, "rejected", verdict.reason))

    def _let_through(self, event: InstanceReceived, cleaned: Cleaned) -> Outgoing:
        digest = hashlib.sha256(cleaned.part10).hexdigest()
        profile = revision()
        key = f"{profile}/{cleaned.study_uid}/{cleaned.series_uid}/{cleaned.instance_uid}.{digest[:12]}.dcm"
        self._clean.put(key, cleaned.part10)
        return Outgoing.of(
            InstanceAnonymised(
                site=event.site,
                project=event.project,
                arrival=event.arrival,
                profile=profile,
                patient_id=cleaned.patient.code,
                study_instance_uid=cleaned.study_uid,
                series_instance_uid=cleaned.series_uid,
                sop_instance_uid=cleaned.instance_uid,
                sop_class_uid=cleaned.sop_class_uid,
                transfer_syntax_uid=cleaned.transfer_syntax_uid,
                key=key,
                digest=digest,
                size=len(cleaned.part10),
                bulk=cleaned.bulk,
                findings=tuple(dict.fromkeys(cleaned.findings))[:MOST_FINDINGS],
                **place_header(cleaned.header, key, self._clean),
            )
        )

    def _held(self, event: InstanceReceived, outcome: str, reason: Reason) -> tuple[Outgoing, ...]:
        """The verdict for the identified side, and one more to count for the clean side."""
        profile = revision()
        model = IdentifiedInstanceQuarantined if outcome == "quarantined" else IdentifiedInstanceRejected
        verdict = model(
            site=event.site,
            project=event.project,
            arrival=event.arrival,
            study_key=event.study_key,
            key=event.key,
            digest=event.digest,
            reason=reason.value,
            profile=profile,
        )
        counted = InstanceHeld(site=event.site, project=event.project, outcome=outcome, reason=reason.value)
        # Keyed, so that it cannot be tied to the arrival by anyone without the key.
        counted_id = self._pseudonyms.event_id("held", event.arrival, profile)
        return (Outgoing.of(verdict), Outgoing(counted, counted_id, event.site))
