"""What an N-ACTION asks for, as pydicom writes it; and what cannot be meant."""

from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.dimse_messages import N_ACTION_RQ
from pynetdicom.dimse_primitives import N_ACTION
from pynetdicom.dsutils import encode

from services.receiver.commitment.asking import Asked, Reference, Refused, check, read
from services.receiver.upper import command
from services.receiver.upper.command import Request
from shared.dicom.constants import PUSH_MODEL, PUSH_MODEL_INSTANCE
from tests.support.commitment import CT
from tests.support.committing_peer import request

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
UIDS = st.from_regex(r"[1-9][0-9]{0,5}(\.(0|[1-9][0-9]{0,5})){1,7}", fullmatch=True).filter(lambda uid: len(uid) <= 64)


def encoded(told: Dataset, syntax: str = EXPLICIT) -> BytesIO:
    uid = UID(syntax)
    data = encode(told, uid.is_implicit_VR, uid.is_little_endian)
    assert data is not None
    return BytesIO(data)


@given(st.integers(0, 65_535), st.integers(1, 65_535))
def test_an_action_of_pynetdicoms_is_read(number: int, action: int) -> None:
    asked = N_ACTION()
    asked.MessageID, asked.ActionTypeID = number, action
    asked.RequestedSOPClassUID, asked.RequestedSOPInstanceUID = UID(PUSH_MODEL), UID(PUSH_MODEL_INSTANCE)
    asked.ActionInformation = BytesIO(b"data")
    message = N_ACTION_RQ()
    message.primitive_to_message(asked)
    data = encode(message.command_set, True, True)
    assert data is not None
    assert command.read(data) == Request(
        command.N_ACTION_RQ, number, PUSH_MODEL, PUSH_MODEL_INSTANCE, data_set=True, action=action
    )


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
@given(UIDS, st.lists(st.tuples(UIDS, UIDS), min_size=1, max_size=5, unique=True))
def test_is_read_in_each_transfer_syntax(syntax: str, uid: str, pairs: list[tuple[str, str]]) -> None:
    wanted = Asked(uid, tuple(Reference(*pair) for pair in pairs))
    assert read(encoded(request(*pairs, uid=uid), syntax), syntax) == wanted


def test_what_is_asked_twice_is_one_instance() -> None:
    assert len(read(encoded(request((CT, "1.2"), (CT, "1.2"))), EXPLICIT).references) == 1


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_refused(data: bytes) -> None:
    with suppress(Refused):
        assert read(BytesIO(data), EXPLICIT).references


@pytest.mark.parametrize("lacks", ["TransactionUID", "ReferencedSOPSequence"])
def test_what_lacks_an_argument_is_refused(lacks: str) -> None:
    told = request((CT, "1.2"))
    delattr(told, lacks)
    with pytest.raises(Refused) as refused:
        read(encoded(told), EXPLICIT)
    assert refused.value.status == 0x0115


@pytest.mark.parametrize("uid", ["", "1" * 1025, "1.2\\1.3"])
def test_what_is_no_uid_is_refused(uid: str) -> None:
    with pytest.raises(Refused):
        read(encoded(request((CT, uid))), EXPLICIT)


def test_only_the_one_action_on_the_one_object_is_known() -> None:
    check(Request(command.N_ACTION_RQ, 1, PUSH_MODEL, PUSH_MODEL_INSTANCE, data_set=True, action=1))
    for action, instance, status in ((0, PUSH_MODEL_INSTANCE, 0x0123), (1, PUSH_MODEL, 0x0112)):
        with pytest.raises(Refused) as refused:
            check(Request(command.N_ACTION_RQ, 1, PUSH_MODEL, instance, data_set=True, action=action))
        assert refused.value.status == status
