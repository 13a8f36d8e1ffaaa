"""What a peer proposes, and what he is answered (PS3.8 Section 9.3.2, Annex D)."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydicom.uid import UID
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.presentation import build_context, build_role

from services.receiver.upper import negotiation
from services.receiver.upper.association import Context
from services.receiver.upper.negotiation import Proposal
from shared.dicom.pdu import HEAD, Abort
from shared.dicom.user import User

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT, EXPLICIT, JPEG_LS = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80"
ITEMS = 68
"""Where the items of a request's body begin (PS3.8 Table 9-11, without the head)."""


def request(contexts: Sequence[tuple[int, str, list[str]]], *further: Any) -> bytes:
    """The body of an A-ASSOCIATE-RQ."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = UID(negotiation.APPLICATION_CONTEXT)
    primitive.calling_ae_title, primitive.called_ae_title = "CT1", "ISOCENTRE"
    longest = MaximumLengthNotification()
    longest.maximum_length_received = 16384
    primitive.user_information = [longest, *further]
    proposed = []
    for number, abstract, transfer in contexts:
        context = build_context(abstract, transfer)
        context.context_id = number
        proposed.append(context)
    primitive.presentation_context_definition_list = proposed
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(primitive)
    encoded: bytes = pdu.encode()
    return encoded[HEAD:]


def read(body: bytes) -> Proposal:
    found = negotiation.read(body)
    assert isinstance(found, Proposal)
    return found


def results(answer: bytes) -> dict[int, int]:
    pdu = A_ASSOCIATE_AC()
    pdu.decode(answer)
    return {item.context_id: item.result for item in pdu.presentation_context}


def test_reads_who_asks() -> None:
    proposal = read(request([(1, CT, [EXPLICIT])]))
    assert (proposal.called, proposal.calling, proposal.user) == ("ISOCENTRE", "CT1", None)


@pytest.mark.parametrize("number", [1, 3, 127, 255])
def test_odd_context_ids_are_taken(number: int) -> None:
    accepted = negotiation.accept(read(request([(number, CT, [EXPLICIT])])), {CT: {EXPLICIT}})
    assert accepted.contexts == {number: Context(CT, EXPLICIT)}


@pytest.mark.parametrize("number", [0, 2, 128, 254])
def test_others_make_no_sense(number: int) -> None:
    body = bytearray(request([(1, CT, [EXPLICIT])]))
    place = body.index(b"\x20\x00", ITEMS) + 4
    assert body[place] == 1
    body[place] = number
    assert negotiation.read(bytes(body)) is Abort.INVALID_PARAMETER


def test_nor_does_the_same_id_twice() -> None:
    body = bytearray(request([(1, CT, [EXPLICIT]), (3, MR, [EXPLICIT])]))
    second = body.index(b"\x20\x00", body.index(b"\x20\x00", ITEMS) + 1) + 4
    assert body[second] == 3
    body[second] = 1
    assert negotiation.read(bytes(body)) is Abort.INVALID_PARAMETER


def item(kind: int, content: bytes) -> bytes:
    return bytes((kind, 0)) + len(content).to_bytes(2) + content


def by_hand(*contexts: bytes, user: bytes = b"", further: bytes = b"", calling: bytes = b"CT1".ljust(16)) -> bytes:
    """The body of a request with presentation contexts of these sub-items, numbered 1, 3 …"""
    head = b"\0\1\0\0" + b"ISOCENTRE".ljust(16) + calling + bytes(32)
    numbered = [bytes((2 * at + 1, 0, 0, 0)) + content for at, content in enumerate(contexts)]
    proposed = b"".join(item(0x20, content) for content in numbered)
    told = item(0x51, (16384).to_bytes(4)) + item(0x52, b"1.2.3") + user
    return head + item(0x10, negotiation.APPLICATION_CONTEXT.encode()) + further + proposed + item(0x50, told)


ABSTRACT, TRANSFER = item(0x30, CT.encode()), item(0x40, EXPLICIT.encode())


def test_by_hand_it_is_the_same() -> None:
    accepted = negotiation.accept(read(by_hand(ABSTRACT + TRANSFER)), {CT: {EXPLICIT}})
    assert accepted.contexts == {1: Context(CT, EXPLICIT)}


@pytest.mark.parametrize(
    "contexts",
    [
        [],
        [b""],
        [ABSTRACT],
        [TRANSFER],
        [ABSTRACT + item(0x40, b"")],
        [item(0x30, b"") + TRANSFER],
        [ABSTRACT + TRANSFER, ABSTRACT],
    ],
)
def test_a_request_for_nothing_makes_no_sense(contexts: list[bytes]) -> None:
    """Without a context; or one of them lacks its abstract syntax, or any transfer syntax (PS3.8 Table 9-13)."""
    assert negotiation.read(by_hand(*contexts)) is Abort.INVALID_PARAMETER


UNKNOWN = item(0x77, b"of a standard yet to come")
CUT = b"\x77\x00\xff\xffcut"


@pytest.mark.parametrize(
    "body",
    [
        by_hand(ABSTRACT + TRANSFER, further=UNKNOWN),
        by_hand(UNKNOWN + ABSTRACT + UNKNOWN + TRANSFER + UNKNOWN),
        by_hand(ABSTRACT + TRANSFER, user=UNKNOWN + item(0x5A, b"")),
        by_hand(ABSTRACT + TRANSFER, user=ABSTRACT, further=item(0x51, b"out of place") + TRANSFER),
        by_hand(ABSTRACT + TRANSFER, user=item(0x55, b"A version's name beyond 16 bytes\0") + item(0x53, b"\0")),
    ],
    ids=["items", "of a context", "of the user", "out of place", "not answered anyway"],
)
def test_what_is_not_recognised_is_skipped(body: bytes) -> None:
    """PS3.8 Section 9.3.1."""
    assert negotiation.accept(read(body), {CT: {EXPLICIT}}).contexts == {1: Context(CT, EXPLICIT)}


@pytest.mark.parametrize(
    "body",
    [
        by_hand(ABSTRACT + TRANSFER, further=CUT),
        by_hand(ABSTRACT + TRANSFER + CUT),
        by_hand(ABSTRACT + TRANSFER, user=CUT),
        by_hand(ABSTRACT + TRANSFER) + b"\x77\0\0",
    ],
)
def test_but_not_what_has_a_broken_length(body: bytes) -> None:
    assert negotiation.read(body) is Abort.INVALID_PARAMETER


@pytest.mark.parametrize("title", [b"CT1".ljust(16, b"\0"), b"CT1\0".ljust(16), b"  CT1  \0\0".ljust(16, b"\0")])
def test_titles_may_be_padded_with_nul_and_are_repeated_as_they_came(title: bytes) -> None:
    """The answer as in PS3.8 Table 9-17; devices pad what is to be padded with spaces (Table 9-11)."""
    proposal = read(by_hand(ABSTRACT + TRANSFER, calling=title))
    assert proposal.calling == "CT1"
    assert negotiation.accept(proposal, {CT: {EXPLICIT}}).answer[26:42] == title


@pytest.mark.parametrize("title", [bytes(16), b" " * 16, b"CT1\0left over\0\0\0"])
def test_but_they_have_to_be_titles(title: bytes) -> None:
    assert negotiation.read(by_hand(ABSTRACT + TRANSFER, calling=title)) is Abort.INVALID_PARAMETER


def test_of_the_syntaxes_proposed_the_first_that_is_taken_is_chosen() -> None:
    proposal = read(request([(1, CT, [JPEG_LS, EXPLICIT, IMPLICIT]), (3, MR, [IMPLICIT, EXPLICIT])]))
    taken = {CT: {IMPLICIT, EXPLICIT}, MR: {IMPLICIT, EXPLICIT}}
    assert negotiation.accept(proposal, taken).contexts == {1: Context(CT, EXPLICIT), 3: Context(MR, IMPLICIT)}


def test_what_is_not_taken_is_refused_at_its_context() -> None:
    proposal = read(request([(1, CT, [EXPLICIT]), (3, MR, [EXPLICIT]), (5, CT, [JPEG_LS])]))
    accepted = negotiation.accept(proposal, {CT: {EXPLICIT}})
    assert results(accepted.answer) == {1: 0, 3: 3, 5: 4}
    assert accepted.contexts.keys() == {1}


def identity(kind: int, name: bytes, passcode: bytes = b"", asks: bool = False) -> UserIdentityNegotiation:
    item = UserIdentityNegotiation()
    item.user_identity_type, item.primary_field, item.positive_response_requested = kind, name, asks
    if passcode:
        item.secondary_field = passcode
    return item


@pytest.mark.parametrize(
    ("item", "user"),
    [
        (identity(1, b"anna"), User("anna")),
        (identity(1, "Jörg".encode(), asks=True), User("Jörg", asks=True)),
        (identity(2, b"anna", b"secret"), User("anna", b"secret")),
        (identity(1, b"\xff"), User("\ufffd")),
        (identity(3, b"kerberos"), None),
        (identity(4, b"saml"), None),
        (identity(5, b"jwt"), None),
    ],
)
def test_reads_users_of_the_kinds_that_are_known(item: UserIdentityNegotiation, user: User | None) -> None:
    assert read(request([(1, CT, [EXPLICIT])], item)).user == user


@pytest.mark.parametrize(("asks", "looked_at", "told"), [(True, True, 1), (False, True, 0), (True, False, 0)])
def test_a_user_who_was_looked_at_is_answered_when_he_asks(asks: bool, looked_at: bool, told: int) -> None:
    proposal = read(request([(1, CT, [EXPLICIT])], identity(1, b"anna", asks=asks)))
    pdu = A_ASSOCIATE_AC()
    pdu.decode(negotiation.accept(proposal, {CT: {EXPLICIT}}, user=looked_at).answer)
    items = pdu.to_primitive().user_information
    assert sum(isinstance(item, UserIdentityNegotiation) for item in items) == told


@pytest.mark.parametrize(
    ("asked", "granted"),
    [((True, False), [(True, False)]), ((True, True), [(True, False)]), ((False, True), []), ((None, None), [])],
)
def test_a_peer_may_be_the_user_and_never_the_provider(
    asked: tuple[bool | None, bool | None], granted: list[tuple[bool, bool]]
) -> None:
    """Whoever asks only to be the provider gets an answer that says nothing of roles (PS3.7 Section D.3.3.4)."""
    scu, scp = asked
    further = [] if scu is None else [build_role(CT, scu_role=scu, scp_role=bool(scp))]
    pdu = A_ASSOCIATE_AC()
    pdu.decode(negotiation.accept(read(request([(1, CT, [EXPLICIT])], *further)), {CT: {EXPLICIT}}).answer)
    items = pdu.to_primitive().user_information
    roles = [item for item in items if isinstance(item, SCP_SCU_RoleSelectionNegotiation)]
    assert [(item.scu_role, item.scp_role) for item in roles] == granted
