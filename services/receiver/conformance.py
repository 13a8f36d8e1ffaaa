"""The DICOM conformance statement (PS3.2), from the code: `python -m services.receiver.conformance [--check]`.

Text stands in `conformance.template.md`; whatever the code decides is a fact of this module, and a `$name` there.
"""

import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from string import Template

from pydantic_core import PydanticUndefined
from pydicom.uid import UID

from services.receiver import edge, syntaxes, tls
from services.receiver.commitment import asking, carrying, docket, taking
from services.receiver.commitment import report as result
from services.receiver.commitment.deciding import FailureReason
from services.receiver.settings import Settings
from services.receiver.stow import limits, report
from services.receiver.upper import negotiation, porch, wire
from shared.dicom import constants, pdu, statuses
from shared.dicom.constants import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from shared.dicom.pdu import Abort, Rejection
from shared.schemas import keep_generated
from shared.settings import MIB

TEMPLATE = Path(__file__).with_name("conformance.template.md")
FILE = Path(__file__).with_name("CONFORMANCE.md")

STATUSES: Mapping[int, tuple[str, str, str]] = {
    statuses.SUCCESS: ("store and broker have it, or had it before", "yes", "the copy may go"),
    statuses.OUT_OF_RESOURCES: (
        "store, broker or disk are away, slow or full; or the site has sent what it may in a day (UTC); or a bug",
        "no promise",
        "keep the copy, and send it again until it is a success",
    ),
    statuses.CLASS_OR_UID_MISMATCH: (
        "SOP class or instance UID of the data set are not those of the command",
        "no",
        "mend it: sent again as it is, it gets the same answer",
    ),
    statuses.CANNOT_UNDERSTAND: (
        "no data set, or one that cannot be read or has no SOP class or instance UID",
        "yes, when a data set came, for a person to look at",
        "keep the copy, and mend it",
    ),
    statuses.CLASS_NOT_SUPPORTED: (
        "the command's SOP class is not that of its presentation context",
        "no",
        "mend the sender",
    ),
    statuses.UNRECOGNISED_OPERATION: (
        "another operation than its context's: C-STORE, of Verification C-ECHO, of storage commitment N-ACTION",
        "no",
        "do not send it",
    ),
}
"""What each means, what is kept, what the sender should do."""

REJECTIONS: Mapping[Rejection, tuple[str, str]] = {
    pdu.CALLED_UNKNOWN: ("the called AE title is of no site", "ask the operator"),
    pdu.CALLING_UNKNOWN: (
        "the calling AE title is of no site; or the site is disabled; or its entry asks for another address or proof",
        "ask the operator",
    ),
    pdu.USER_REFUSED: ("everything else was right, but not the user identity", "mend name or passcode"),
    pdu.CONTEXT_NAME_UNKNOWN: ("another application context name", "mend the sender"),
    pdu.PROTOCOL_UNKNOWN: ("another version of the upper layer protocol", "mend the sender"),
    pdu.LIMIT_REACHED: ("too many associations are open, or the receiver is going down", "try again, a little later"),
}

ABORTS: Mapping[Abort, tuple[str, str]] = {
    Abort.NOT_SPECIFIED: ("silence, or too slow; or the receiver is going down", "open another one"),
    Abort.UNRECOGNISED_PDU: ("what came is no PDU", "mend the sender"),
    Abort.UNEXPECTED_PDU: ("a PDU that has no place in this state", "mend the sender"),
    Abort.UNEXPECTED_PARAMETER: ("a presentation data value out of order", "mend the sender"),
    Abort.INVALID_PARAMETER: (
        "a value that makes no sense: a length, a presentation context that is incomplete, even or was not accepted",
        "mend the sender",
    ),
}
"""All by the service provider (source 2). Before a request, source 0."""

ACTIONS: Mapping[int, str] = {
    statuses.SUCCESS: "the request is taken",
    asking.NO_SUCH_INSTANCE: "another SOP instance than the well-known one",
    asking.INVALID_ARGUMENT: "no transaction UID, no references, or the transaction UID is in use for something else",
    asking.NO_SUCH_ACTION: "another action type than 1",
    asking.RESOURCE_LIMITATION: "it is too large; too many of the site are open, or being read; or the disk is full",
    FailureReason.PROCESSING: "the request could not be written to the disk",
    statuses.CLASS_NOT_SUPPORTED: "the command's SOP class is not that of its presentation context",
    statuses.UNRECOGNISED_OPERATION: "any other operation on this presentation context, or N-ACTION on another one",
}
"""Statuses of an N-ACTION, and of what comes in its place."""

UNCOMMITTED: Mapping[FailureReason, tuple[str, str]] = {
    FailureReason.PROCESSING: (
        "an object is damaged, or the store is not durable",
        "keep the copy, send it again, ask again",
    ),
    FailureReason.NO_SUCH_INSTANCE: ("not here, or not here any more", "send it"),
    FailureReason.CLASS_CONFLICT: ("here, with another SOP class", "mend the reference"),
}

FAILURES: Mapping[int, str] = {
    statuses.PROCESSING_FAILURE: "larger than an instance may be",
    statuses.CLASS_NOT_SUPPORTED: "a SOP class that is not taken",
    report.SYNTAX_NOT_TAKEN: "a transfer syntax that is not taken",
    report.OTHER_STUDY: "of another study than the path names",
}
"""Of STOW-RS, beside the statuses of C-STORE."""


def statement() -> str:
    """All of it, as Markdown."""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(facts())


def facts() -> dict[str, str]:
    """What the text is filled with, by name."""
    return {
        "release": version("isocentre"),
        "implementation_class_uid": IMPLEMENTATION_CLASS_UID,
        "implementation_version_name": IMPLEMENTATION_VERSION_NAME,
        **_of_associations(),
        **_of_contexts(),
        "rejections": _rows((f"{one.result}/{one.source}/{one.reason}", *told) for one, told in REJECTIONS.items()),
        "aborts": _rows((f"2/{one.value}", *told) for one, told in ABORTS.items()),
        "statuses": _rows((_hexadecimal(status), *told) for status, told in STATUSES.items()),
        "settings": _rows(_settings()),
        **_of_commitment(),
        **_of_stow(),
        "suites": tls.SUITES.partition(":@")[0].replace(":", ", "),
    }


def _of_associations() -> dict[str, str]:
    types = (negotiation.USERNAME, negotiation.USERNAME_AND_PASSCODE)
    return {
        "application_context": constants.APPLICATION_CONTEXT,
        "associations": str(_default("associations")),
        "site_percent": f"{100 * float(str(_default('share_of_site'))):.0f}",
        "longest_pdu": str(pdu.LONGEST),
        "user_identity_types": " and ".join(map(str, types)),
        "artim": f"{edge.ARTIM:g}",
        "parting": f"{edge.PARTING:g}",
        "idle": f"{edge.IDLE:g}",
        "slowest": str(wire.SLOWEST),
        "unasked": str(porch.UNASKED),
        "unasked_of_one": str(porch.UNASKED_OF_ONE),
        "drain": f"{_default('drain_seconds'):g}",
    }


def _of_contexts() -> dict[str, str]:
    classes = sorted(syntaxes.STORAGE_CLASSES, key=_numbers)
    return {
        "storage_class_count": str(len(classes)),
        "verification": constants.VERIFICATION,
        "push_model": constants.PUSH_MODEL,
        "command_syntaxes": _names(syntaxes.COMMAND_SYNTAXES),
        "storage_classes": _rows((UID(uid).name, uid, "all of the table below") for uid in classes),
        "transfer_syntaxes": _rows((UID(uid).name, uid) for uid in sorted(syntaxes.TRANSFER_SYNTAXES, key=_numbers)),
        "not_taken": _names(syntaxes.NOT_TAKEN),
        "accepted": str(pdu.ACCEPTED),
        "no_abstract_syntax": str(pdu.NO_SUCH_ABSTRACT_SYNTAX),
        "no_transfer_syntax": str(pdu.NO_SUCH_TRANSFER_SYNTAX),
    }


def _of_commitment() -> dict[str, str]:
    return {
        "action_statuses": _rows((_hexadecimal(status), means) for status, means in ACTIONS.items()),
        "event_types": f"{result.ALL_COMMITTED} and {result.SOME_FAILED}",
        "soonest": f"{carrying.SOONEST.total_seconds():g}",
        "latest": f"{carrying.LATEST.total_seconds() / 60:g}",
        "given_up": str(carrying.GIVEN_UP.days),
        "commitment_failures": _rows((_hexadecimal(reason), *told) for reason, told in UNCOMMITTED.items()),
        "largest_request": str(taking.LARGEST // MIB),
        "most_references": str(asking.MOST_REFERENCES),
        "open_requests": str(docket.MOST_OF_A_SITE),
    }


def _of_stow() -> dict[str, str]:
    return {
        "stow_resources": "`POST /studies` and `POST /studies/{uid}`",
        "stow_parts": str(limits.MOST_PARTS),
        "stow_request": str(_default("stow_request_mib")),
        "stow_part": str(_default("stow_part_mib")),
        "failure_reasons": _rows((_hexadecimal(reason), means) for reason, means in FAILURES.items()),
    }


def _settings() -> Iterable[tuple[str, str, str]]:
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        yield f"`{alias or 'ISOCENTRE_' + name.upper()}`", _default_text(name), field.description or ""


def _default_text(name: str) -> str:
    default = _default(name)
    return "" if default is PydanticUndefined else "none" if default is None else str(default)


def _default(name: str) -> object:
    return Settings.model_fields[name].default


def _numbers(uid: str) -> list[int]:
    return [int(part) for part in uid.split(".")]


def _names(uids: Iterable[str]) -> str:
    return ", ".join(UID(uid).name for uid in sorted(uids, key=_numbers))


def _hexadecimal(code: int) -> str:
    return f"0x{code:04X}"


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main(arguments: list[str]) -> int:
    """Exit status 1 when the committed file is another; without --check it is written."""
    return keep_generated(FILE, statement(), "services.receiver.conformance", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
