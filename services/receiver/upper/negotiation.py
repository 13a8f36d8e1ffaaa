"""The association's negotiation (PS3.8 Section 9.3.2 and Annex D), on pynetdicom's PDUs: its one home."""

from collections.abc import Collection, Iterator, Mapping, Sequence
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
    UserIdentityNegotiation,
)
from pynetdicom.presentation import PresentationContext

from services.receiver.upper import items
from services.receiver.upper.association import Accepted, Context
from shared.dicom.constants import APPLICATION_CONTEXT, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from shared.dicom.pdu import (
    ACCEPTED,
    CONTEXT_NAME_UNKNOWN,
    HEAD,
    LONGEST,
    NO_SUCH_ABSTRACT_SYNTAX,
    NO_SUCH_TRANSFER_SYNTAX,
    PROTOCOL_UNKNOWN,
    Abort,
    Kind,
    Rejection,
)
from shared.dicom.user import User

USERNAME, USERNAME_AND_PASSCODE = 1, 2
"""Types of user identity that we know (PS3.7 Table D.3-14); of others nothing is believed."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a peer asks for."""

    called: str
    calling: str
    user: User | None
    primitive: A_ASSOCIATE
    echoed: bytes
    """Titles and what is reserved, as they came."""


def read(body: bytes) -> Proposal | Rejection | Abort:
    """What an A-ASSOCIATE-RQ, without its head, says."""
    pdu = A_ASSOCIATE_RQ()
    try:
        known = items.recognised(body)
        pdu.decode(bytes((Kind.ASSOCIATE_RQ, 0)) + len(known).to_bytes(4) + known)
        primitive: Any = pdu.to_primitive()
        contexts = primitive.presentation_context_definition_list
        if not pdu.protocol_version & 1:
            return PROTOCOL_UNKNOWN
        if primitive.application_context_name != APPLICATION_CONTEXT:
            return CONTEXT_NAME_UNKNOWN
        called, calling = primitive.called_ae_title.strip(), primitive.calling_ae_title.strip()
        proposal = Proposal(called, calling, _user(primitive), primitive, body[items.ECHOED])
    except Exception:  # pynetdicom raises whatever its parts do
        return Abort.INVALID_PARAMETER
    return proposal if _makes_sense(contexts) else Abort.INVALID_PARAMETER


def _makes_sense(contexts: Sequence[Any]) -> bool:
    """Whether there is one, each has an odd id of its own, and each asks for something in some transfer syntax (PS3.8
    Section 9.3.2.2). Else there is no answer that could be said."""
    ids = [context.context_id for context in contexts]
    numbered = bool(ids) and all(number % 2 for number in ids) and len(ids) == len(set(ids))
    return numbered and all(context.abstract_syntax and context.transfer_syntax for context in contexts)


def _user(primitive: A_ASSOCIATE) -> User | None:
    told = [item for item in primitive.user_information if isinstance(item, UserIdentityNegotiation)]
    if not told or told[0].user_identity_type not in (USERNAME, USERNAME_AND_PASSCODE):
        return None
    name = (told[0].primary_field or b"").decode("utf-8", "replace")
    passcode = told[0].secondary_field if told[0].user_identity_type == USERNAME_AND_PASSCODE else None
    return User(name, passcode, told[0].positive_response_requested)


def accept(proposal: Proposal, syntaxes: Mapping[str, Collection[str]], *, user: bool = False) -> Accepted:
    """The A-ASSOCIATE-AC. `syntaxes`: the transfer syntaxes that we take, by abstract syntax; `user`: the peer's user
    identity was looked at and accepted, which he is told if he asks.

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
    told = user and proposal.user is not None and proposal.user.asks
    further = [*_roles(proposal.primitive, contexts), *([_user_accepted()] if told else [])]
    return Accepted(_answer(proposal, results, further), contexts)


def _roles(asked: A_ASSOCIATE, contexts: Mapping[int, Context]) -> Iterator[SCP_SCU_RoleSelectionNegotiation]:
    """Where the peer asks for roles, he may be the SCU, and never the SCP (PS3.7 Section D.3.3.4).

    Who does not ask to be the SCU is not answered: what holds without an answer is the roles that there are by default,
    and one that grants neither role cannot be said with pynetdicom.
    """
    taken = {context.abstract_syntax for context in contexts.values()}
    for item in asked.user_information:
        if isinstance(item, SCP_SCU_RoleSelectionNegotiation) and item.sop_class_uid in taken and item.scu_role:
            answer = SCP_SCU_RoleSelectionNegotiation()
            answer.sop_class_uid = item.sop_class_uid
            answer.scu_role, answer.scp_role = True, False
            yield answer


def _user_accepted() -> UserIdentityNegotiation:
    """Of a name with or without a passcode the answer is empty (PS3.7 Table D.3-15)."""
    answer = UserIdentityNegotiation()
    answer.server_response = b""
    return answer


def _result(proposed: Any, chosen: str | None, refusal: int) -> PresentationContext:
    context = PresentationContext()
    context.context_id = proposed.context_id
    context.abstract_syntax = proposed.abstract_syntax
    context.transfer_syntax = [UID(chosen) if chosen else proposed.transfer_syntax[0]]
    context.result = ACCEPTED if chosen else refusal
    return context


def _answer(proposal: Proposal, results: Sequence[PresentationContext], further: Sequence[Any]) -> bytes:
    longest, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    longest.maximum_length_received = LONGEST
    implementation.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    answer = A_ASSOCIATE()
    answer.application_context_name = UID(APPLICATION_CONTEXT)
    answer.calling_ae_title, answer.called_ae_title = proposal.calling, proposal.called
    answer.result, answer.result_source = 0, 1
    answer.user_information = [longest, implementation, version, *further]
    answer.presentation_context_definition_results_list = list(results)
    pdu = A_ASSOCIATE_AC()
    pdu.from_primitive(answer)
    encoded: bytes = pdu.encode()
    return encoded[: HEAD + items.ECHOED.start] + proposal.echoed + encoded[HEAD + items.ECHOED.stop :]
