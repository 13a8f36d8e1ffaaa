"""What a site is told by an N-EVENT-REPORT (PS3.4 Section J.3.3), as a data set (pure)."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from services.receiver.commitment.asking import Asked, Reference
from services.receiver.commitment.deciding import FailureReason

Result = Sequence[FailureReason | None]
"""Of each reference, in their order: why it is not committed, or None."""

ALL_COMMITTED, SOME_FAILED = 1, 2
"""Event Type IDs (PS3.4 Table J.3-2)."""


def event_type(result: Result) -> int:
    """Which of the two events it is."""
    return SOME_FAILED if any(result) else ALL_COMMITTED


def data_set(asked: Asked, result: Result) -> Dataset:
    """The event information (PS3.4 Table J.3-2)."""
    told = Dataset()
    told.TransactionUID = asked.transaction_uid
    both = list(zip(asked.references, result, strict=True))
    committed = [_item(reference) for reference, failure in both if failure is None]
    if committed:
        told.ReferencedSOPSequence = committed
    failed = [_item(reference, failure) for reference, failure in both if failure is not None]
    if failed:
        told.FailedSOPSequence = failed
    return told


def _item(reference: Reference, failure: FailureReason | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    if failure is not None:
        item.FailureReason = int(failure)
    return item
