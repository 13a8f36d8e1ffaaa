"""The verdict on one de-identified instance, from its header and what is told of its bulk elements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.validator import classes, elements, modules, pixels, uids
from services.validator.classes import StorageClass
from services.validator.defects import Code, Defect
from services.validator.elements import Header
from shared.events import BulkElement, Finding
from shared.outcome import Reason

MOST_FINDINGS = 100

PRECEDENCE = (Reason.MISSING_TYPE_1, Reason.MALFORMED_UID, Reason.MODALITY_MISMATCH, Reason.PIXEL_LENGTH)
"""Of several reasons the first one is named: who the object is comes before what is in it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Who the event says that the instance is."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Validated when there is no `reason`. `findings` tell all that is wrong, what rejects first."""

    reason: Reason | None
    findings: tuple[Finding, ...]


def validate(header: Header, bulk: Sequence[BulkElement], reference: Reference) -> Verdict:
    """Check everything, always: a rejected instance tells all its defects at once."""
    if not isinstance(header, Mapping):
        header = {}
    storage_class = _storage_class(header)
    return _verdict(
        (
            *modules.check(header, storage_class),
            *uids.check(header),
            *_agreement(header, reference, storage_class),
            *classes.check(header),
            *pixels.check(header, bulk, reference.transfer_syntax_uid, image=storage_class.image),
        )
    )


def _storage_class(header: Header) -> StorageClass:
    """Of an unknown or private class nothing is demanded beyond patient, study and series."""
    return classes.CLASSES.get(elements.text(header, "00080016") or "", StorageClass())


def _agreement(header: Header, reference: Reference, storage_class: StorageClass) -> Iterable[Defect]:
    """The header names the same object as the event: else one of them would be filed under another's name."""
    named = {"00080016": reference.sop_class_uid, "00080018": reference.sop_instance_uid}
    if storage_class.of_patient:
        named |= {"0020000D": reference.study_instance_uid, "0020000E": reference.series_instance_uid}
    for tag, uid in named.items():
        if elements.text(header, tag) not in (None, uid):
            yield Defect(Code.DISAGREES, tag, Reason.MALFORMED_UID)


def _verdict(defects: Iterable[Defect]) -> Verdict:
    distinct = sorted(dict.fromkeys(defects), key=lambda defect: defect.reason is None)
    reasons = {defect.reason for defect in distinct}
    findings = tuple(dict.fromkeys(defect.finding() for defect in distinct))
    if len(findings) > MOST_FINDINGS:
        findings = (*findings[: MOST_FINDINGS - 1], Finding(code=Code.FINDINGS_TRUNCATED.value))
    return Verdict(next((reason for reason in PRECEDENCE if reason in reasons), None), findings)
