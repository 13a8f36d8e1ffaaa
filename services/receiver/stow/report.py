"""What is answered to a request: its status, and the Store Instances Response (PS3.18 Section 10.5.3 and Annex I)."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from shared.dicom.statuses import OUT_OF_RESOURCES, SUCCESS, says_stored

SYNTAX_NOT_TAKEN = 0xC122
"""A failure reason of PS3.18 Table I.2-2, beside those that a C-STORE is answered with."""
OTHER_STUDY = 0xA901
"""One of ours, of the kind "Data Set does not match": the path names another study."""

_CLASS, _INSTANCE, _RETRIEVE_URL = "00081150", "00081155", "00081190"
_WARNING_REASON, _FAILURE_REASON = "00081196", "00081197"
_REFERENCED, _FAILED, _OTHER_FAILURES = "00081199", "00081198", "0008119A"

DicomJson = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one instance. UIDs are '' where they could not be read."""

    sop_class_uid: str
    sop_instance_uid: str
    status: int

    @property
    def stored(self) -> bool:
        """Whether we have it."""
        return says_stored(self.status)


@dataclass(slots=True)
class Report:
    """Of one request. `too_large`: whether that is why something was not taken."""

    entries: list[Entry] = field(default_factory=list)
    too_large: bool = False

    @property
    def stored(self) -> int:
        """How many instances we have."""
        return sum(entry.stored for entry in self.entries)

    @property
    def status(self) -> HTTPStatus:
        """Of the whole request, when all of it came."""
        if all(entry.status == SUCCESS for entry in self.entries):
            return HTTPStatus.OK if self.entries else HTTPStatus.BAD_REQUEST
        if self.stored:
            return HTTPStatus.ACCEPTED
        if any(entry.status == OUT_OF_RESOURCES for entry in self.entries):
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if self.too_large else HTTPStatus.CONFLICT

    def dataset(self) -> DicomJson:
        """The response module, in the DICOM JSON Model. Empty sequences are left out."""
        sequences = {
            _FAILED: [_failed(entry) for entry in self.entries if not entry.stored and entry.sop_instance_uid],
            _REFERENCED: [_referenced(entry) for entry in self.entries if entry.stored],
            _OTHER_FAILURES: [_reason(entry) for entry in self.entries if not entry.sop_instance_uid],
        }
        # What arrives cannot be retrieved; what it becomes has other UIDs, which the sender must not learn.
        return {_RETRIEVE_URL: {"vr": "UR"}} | {
            tag: {"vr": "SQ", "Value": items} for tag, items in sequences.items() if items
        }


def _named(entry: Entry) -> DicomJson:
    return {
        _CLASS: {"vr": "UI", "Value": [entry.sop_class_uid]},
        _INSTANCE: {"vr": "UI", "Value": [entry.sop_instance_uid]},
    }


def _referenced(entry: Entry) -> DicomJson:
    warning = {_WARNING_REASON: {"vr": "US", "Value": [entry.status]}} if entry.status else {}
    return _named(entry) | {_RETRIEVE_URL: {"vr": "UR"}} | warning


def _failed(entry: Entry) -> DicomJson:
    return _named(entry) | _reason(entry)


def _reason(entry: Entry) -> DicomJson:
    return {_FAILURE_REASON: {"vr": "US", "Value": [entry.status]}}
