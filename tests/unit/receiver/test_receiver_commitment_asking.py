"""What an N-ACTION asks for, as pydicom writes it; and what cannot be meant."""

import struct
import tracemalloc
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.dimse_messages import N_ACTION_RQ
from pynetdicom.dimse_primitives import N_ACTION
from pynetdicom.dsutils import encode

from services.receiver.commitment.asking import MOST_REFERENCES, Asked, Reference, Refused, check, read
from services.receiver.upper import command
from services.receiver.upper.command import Request
from shared.dicom.constants import PUSH_MODEL, PUSH_MODEL_INSTANCE
from tests.support.commitment import CT
from tests.support.committing_peer import request

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
SYNTAXES = [IMPLICIT, EXPLICIT, BIG]
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


@pytest.mark.parametrize("syntax", SYNTAXES)
@settings(deadline=None, max_examples=50)
@given(UIDS, st.lists(st.tuples(UIDS, UIDS), min_size=1, max_size=5, unique=True), st.booleans())
def test_is_read_in_each_transfer_syntax(syntax: str, uid: str, pairs: list[tuple[str, str]], open_: bool) -> None:
    """With lengths or with ends, and with what else may stand there."""
    told = request(*pairs, uid=uid)
    told.ReferencedPerformedProcedureStepSequence = request((CT, "1.3"), uid="1.4").ReferencedSOPSequence
    told.ReferencedPerformedProcedureStepSequence[0].ReferencedSOPSequence = request((CT, "1.5")).ReferencedSOPSequence
    told.ReferencedSOPSequence[0].StorageMediaFileSetID = "DISC"
    told.add_new(0x00091010, "OB", bytes(70_000))
    if open_:
        opened(told)
    assert read(encoded(told, syntax), syntax) == Asked(uid, tuple(Reference(*pair) for pair in pairs))


def opened(told: Dataset) -> None:
    """Its sequences and their items without lengths."""
    for element in told:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                opened(item)


def test_what_is_asked_twice_is_one_instance() -> None:
    assert len(read(encoded(request((CT, "1.2"), (CT, "1.2"))), EXPLICIT).references) == 1


WHOLE = {syntax: encoded(request((CT, "1.2"), (CT, "1.3"), uid="1.9"), syntax).getvalue() for syntax in SYNTAXES}


@pytest.mark.parametrize("syntax", SYNTAXES)
@settings(deadline=None)
@given(st.data())
def test_any_bytes_are_a_request_or_refused(syntax: str, data: st.DataObject) -> None:
    whole = bytearray(WHOLE[syntax])
    at, piece = data.draw(st.integers(0, len(whole))), data.draw(st.binary(max_size=20))
    whole[at : at + len(piece)] = piece
    for said in (whole, whole[:at], data.draw(st.binary(max_size=300))):
        with suppress(Refused):
            assert read(BytesIO(said), syntax).references


def element(tag: int, value: bytes, length: int | None = None) -> bytes:
    """In implicit VR."""
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


def item(value: bytes) -> bytes:
    return element(0xFFFEE000, value)


def of(references: bytes, before: bytes = b"") -> BytesIO:
    return BytesIO(before + element(0x00081195, b"1.9\0") + element(0x00081199, references))


def references(count: int) -> bytes:
    uids = (str(number).encode().ljust(6, b"\0") for number in range(1, count + 1))
    return b"".join(item(element(0x00081150, b"1.") + element(0x00081155, uid)) for uid in uids)


def test_so_many_instances_and_no_more() -> None:
    assert len(read(of(references(MOST_REFERENCES)), IMPLICIT).references) == MOST_REFERENCES
    with pytest.raises(Refused) as refused:
        read(of(references(MOST_REFERENCES + 1)), IMPLICIT)
    assert refused.value.status == 0x0213


EMPTY = [element(0x00100000 + number, b"") for number in range(60_000)]


@pytest.mark.parametrize(
    "said",
    [
        of(b"".join(map(item, EMPTY))),
        of(item(b"".join(EMPTY))),
        of(references(1), before=b"".join(EMPTY)),
        of(references(1), before=element(0x00081111, references(20_000) + element(0xFFFEE0DD, b""), 0xFFFFFFFF)),
        of(
            references(1),
            before=element(0x00081111, b"".join([*map(item, EMPTY), element(0xFFFEE0DD, b"")]), 2**32 - 1),
        ),
        BytesIO(element(0x00081199, element(0xFFFEE000, b"", 2**32 - 1) * 60_000, 2**32 - 1)),
    ],
)
def test_what_is_no_reference_costs_no_memory(said: BytesIO) -> None:
    tracemalloc.start()
    with suppress(Refused):
        read(said, IMPLICIT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(said.getvalue()) + 500_000


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
