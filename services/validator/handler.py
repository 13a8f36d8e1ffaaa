"""One anonymised instance in, one verdict out."""

from collections.abc import Callable

from services.validator.checks import Reference, validate
from shared.events import Finding, InstanceAnonymised, InstanceRejected, InstanceValidated, Outgoing
from shared.outcome import Done, Outcome, Reason, Reject, Skip
from shared.runner import Incoming
from shared.storage import ObjectNotFound, Store
from shared.storage.headers import header_of

STAGE = "validator"


class Validate:
    """Handles InstanceAnonymised. `clean` is read only for headers that were too large for their event."""

    def __init__(self, *, clean: Store, erased: Callable[[str], bool]) -> None:
        """`erased`: whether a header is missing because its arrival was erased."""
        self._clean = clean
        self._erased = erased

    def __call__(self, record: Incoming) -> Outcome:
        """The verdict. Raises what the store raises."""
        event = record.event
        assert isinstance(event, InstanceAnonymised)
        try:
            header = header_of(event, self._clean)
        except ObjectNotFound:
            if self._erased(event.arrival):
                return Skip(Reason.ERASED)
            raise
        verdict = validate(header, event.bulk, _reference(event))
        # What rejects comes first; what the anonymiser found stays known.
        findings = tuple(dict.fromkeys((*verdict.findings, *event.findings)))
        if verdict.reason is None:
            return Done((Outgoing.of(_validated(event, findings)),))
        rejected = InstanceRejected(**event.reference(), stage=STAGE, reason=verdict.reason.value, findings=findings)
        return Reject(verdict.reason, (Outgoing.of(rejected),))


def _reference(event: InstanceAnonymised) -> Reference:
    return Reference(
        sop_class_uid=event.sop_class_uid,
        sop_instance_uid=event.sop_instance_uid,
        study_instance_uid=event.study_instance_uid,
        series_instance_uid=event.series_instance_uid,
        transfer_syntax_uid=event.transfer_syntax_uid,
    )


def _validated(event: InstanceAnonymised, findings: tuple[Finding, ...]) -> InstanceValidated:
    return InstanceValidated(
        **event.reference(),
        header=event.header,
        header_key=event.header_key,
        header_digest=event.header_digest,
        bulk=event.bulk,
        findings=findings,
    )
