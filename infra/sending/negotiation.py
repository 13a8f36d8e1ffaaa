"""What a requestor says and hears when it asks for an association (PS3.8 Section 9.3.2), on pynetdicom's PDUs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydicom.uid import UID
from pynetdicom import build_context
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
)

from infra.sending.way import Context
from shared.dicom.constants import APPLICATION_CONTEXT, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from shared.dicom.pdu import (
    ACCEPTED,
    HEAD,
    LONGEST,
    NO_SUCH_ABSTRACT_SYNTAX,
    NO_SUCH_TRANSFER_SYNTAX,
    PDV_HEAD,
    Kind,
)

MAX_UID = 64

_REFUSALS = {NO_SUCH_ABSTRACT_SYNTAX: "sop-class-not-taken", NO_SUCH_TRANSFER_SYNTAX: "transfer-syntax-not-taken"}
"""Results of a presentation context as codes of ours."""


def fits(*uids: str) -> bool:
    """Whether these can stand in a PDU at all."""
    return all(0 < len(uid) <= MAX_UID and set(uid) <= set("0123456789.") for uid in uids)


def request(calling: str, called: str, contexts: Iterable[Context]) -> bytes:
    """An A-ASSOCIATE-RQ in which the contexts have the ids 1, 3, 5 …"""
    longest, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    longest.maximum_length_received = LONGEST
    implementation.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    asked = A_ASSOCIATE()
    asked.application_context_name = UID(APPLICATION_CONTEXT)
    asked.calling_ae_title, asked.called_ae_title = calling, called
    asked.user_information = [longest, implementation, version]
    proposed = [build_context(*context) for context in contexts]
    for number, context in enumerate(proposed):
        context.context_id = 2 * number + 1
    asked.presentation_context_definition_list = proposed
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(asked)
    encoded: bytes = pdu.encode()
    return encoded


def answer(body: bytes) -> tuple[dict[int, str | None], int]:
    """Of an A-ASSOCIATE-AC, without its head: by context id None or why it was refused, and the longest P-DATA-TF.

    Raises ValueError when that is no such thing.
    """
    pdu = A_ASSOCIATE_AC()
    try:
        pdu.decode(bytes((Kind.ASSOCIATE_AC, 0)) + len(body).to_bytes(HEAD - 2) + body)
        told: Any = pdu.to_primitive()
        results = {
            context.context_id: None if context.result == ACCEPTED else _REFUSALS.get(context.result, "context-refused")
            for context in told.presentation_context_definition_results_list
        }
        longest = min(told.maximum_length_received or LONGEST, LONGEST)
    except Exception:  # pynetdicom raises whatever its parts do
        raise ValueError("no A-ASSOCIATE-AC") from None
    if not results or longest <= PDV_HEAD:
        raise ValueError("an A-ASSOCIATE-AC that says nothing")
    return results, longest
