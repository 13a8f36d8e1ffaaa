"""The association's negotiation (PS3.8 Section 9.3.2 and Annex D), on pynetdicom's PDUs: its one home."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.uid import UID
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
)
from pynetdicom.presentation import PresentationContext

from services.receiver.upper.association import Accepted, Context
from services.receiver.upper.pdu import (
    CONTEXT_NAME_UNKNOWN,
    LONGEST,
    PROTOCOL_UNKNOWN,
    Abort,
    Kind,
    Rejection,
)
from shared.dicom.constants import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"

ACCEPTED, NO_SUCH_ABSTRACT_SYNTAX, NO_SUCH_TRANSFER_SYNTAX = 0, 3, 4
"""Results of a presentation context (PS3.8 Table 9-18)."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a peer asks for."""

    called: str
    calling: str
    primitive: A_ASSOCIATE


def read(body: bytes) -> Proposal | Rejection | Abort:
    """What an A-ASSOCIATE-RQ, without its head, says."""
    pdu = A_ASSOCIATE_RQ()
    try:
        pdu.decode(bytes((Kind.ASSOCIATE_RQ, 0)) + len(body).to_bytes(4) + body)
        primitive: Any = pdu.to_primitive()
        contexts = primitive.presentation_context_definition_list
        if not pdu.protocol_version & 1:
            return PROTOCOL_UNKNOWN
        if primitive.application_context_name != APPLICATION_CONTEXT:
            return CONTEXT_NAME_UNKNOWN
        proposal = Proposal(primitive.called_ae_title.strip(), primitive.calling_ae_title.strip(), primitive)
    except Exception:  # pynetdicom raises whatever its parts do
        return Abort.INVALID_PARAMETER
    ids = [context.context_id for context in contexts]
    return proposal if all(number % 2 for number in ids) and len(ids) == len(set(ids)) else Abort.INVALID_PARAMETER


def accept(proposal: Proposal, syntaxes: Mapping[str, Collection[str]]) -> Accepted:
    """The A-ASSOCIATE-AC. `syntaxes`: the transfer syntaxes that we take, by abstract syntax.

    Of those that a peer proposes for a context we take the first that we know: senders put first what their files are
    in; any other choice makes them convert, and what arrives is then not what they have.
    """
    contexts: dict[int, Context] = {}
    results: list[PresentationContext] = []
    for proposed in proposal.primitive.presentation_context_definition_list:
        abstract = str(proposed.abstract_syntax)
        known = syntaxes.get(abstract, ())
        chosen = next((str(one) for one in proposed.transfer_syntax if one in known), None)
        if chosen is not None and proposed.context_id is not None:
            contexts[proposed.context_id] = Context(abstract, chosen)
        results.append(_result(proposed, chosen, NO_SUCH_TRANSFER_SYNTAX if known else NO_SUCH_ABSTRACT_SYNTAX))
    return Accepted(_answer(proposal.primitive, results, _roles(proposal.primitive, contexts)), contexts)


def _result(proposed: Any, chosen: str | None, refusal: int) -> PresentationContext:
    context = PresentationContext()
    context.context_id = proposed.context_id
    context.abstract_syntax = proposed.abstract_syntax
    context.transfer_syntax = [UID(chosen) if chosen else proposed.transfer_syntax[0]]
    context.result = ACCEPTED if chosen else refusal
    return context


def _roles(asked: A_ASSOCIATE, contexts: Mapping[int, Context]) -> list[SCP_SCU_RoleSelectionNegotiation]:
    """Where the peer asks for roles, he may be the SCU, and never the SCP (PS3.7 Section D.3.3.4)."""
    taken = {context.abstract_syntax for context in contexts.values()}
    answers = []
    for item in asked.user_information:
        if isinstance(item, SCP_SCU_RoleSelectionNegotiation) and item.sop_class_uid in taken:
            answer = SCP_SCU_RoleSelectionNegotiation()
            answer.sop_class_uid = item.sop_class_uid
            answer.scu_role, answer.scp_role = bool(item.scu_role), False
            answers.append(answer)
    return answers


def _answer(asked: A_ASSOCIATE, results: Sequence[PresentationContext], further: Sequence[Any]) -> bytes:
    longest, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    longest.maximum_length_received = LONGEST
    implementation.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    answer = A_ASSOCIATE()
    answer.application_context_name = UID(APPLICATION_CONTEXT)
    answer.calling_ae_title, answer.called_ae_title = asked.calling_ae_title, asked.called_ae_title
    answer.result, answer.result_source = 0, 1
    answer.user_information = [longest, implementation, version, *further]
    answer.presentation_context_definition_results_list = list(results)
    pdu = A_ASSOCIATE_AC()
    pdu.from_primitive(answer)
    encoded: bytes = pdu.encode()
    return encoded
