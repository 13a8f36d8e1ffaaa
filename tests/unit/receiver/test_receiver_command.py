"""Command sets beside pynetdicom's: what it writes is read, what we write it reads."""

from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.dimse_messages import C_ECHO_RQ, C_STORE_RQ
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.dsutils import decode, encode

from services.receiver.upper import command

UIDS = st.from_regex(r"[1-9][0-9]{0,5}(\.(0|[1-9][0-9]{0,5})){1,7}", fullmatch=True).filter(lambda uid: len(uid) <= 64)
IDS = st.integers(0, 65_535)


@given(UIDS, UIDS, IDS)
def test_a_store_of_pynetdicoms_is_read(sop_class: str, instance: str, number: int) -> None:
    asked = C_STORE()
    asked.MessageID, asked.AffectedSOPClassUID, asked.AffectedSOPInstanceUID = number, UID(sop_class), UID(instance)
    asked.Priority, asked.DataSet = 2, BytesIO(b"data")
    message = C_STORE_RQ()
    message.primitive_to_message(asked)
    assert command.read(_encoded(message.command_set)) == command.Request(
        command.C_STORE_RQ, number, sop_class, instance, data_set=True
    )


@given(IDS)
def test_an_echo_of_pynetdicoms_is_read(number: int) -> None:
    asked = C_ECHO()
    asked.MessageID, asked.AffectedSOPClassUID = number, UID("1.2.840.10008.1.1")
    message = C_ECHO_RQ()
    message.primitive_to_message(asked)
    assert command.read(_encoded(message.command_set)) == command.Request(
        command.C_ECHO_RQ, number, "1.2.840.10008.1.1", "", data_set=False
    )


def _encoded(commands: Dataset) -> bytes:
    encoded = encode(commands, True, True)
    assert encoded is not None
    return encoded


@given(UIDS, UIDS | st.just(""), IDS, st.integers(0, 65_535))
def test_our_response_is_read_by_pydicom(sop_class: str, instance: str, number: int, status: int) -> None:
    request = command.Request(command.C_STORE_RQ, number, sop_class, instance, data_set=True)
    response = command.response(request, status)
    read = decode(BytesIO(response), True, True)
    assert read.CommandGroupLength == len(response) - 12
    assert read.CommandField == 0x8001
    assert (read.MessageIDBeingRespondedTo, read.Status) == (number, status)
    assert (read.AffectedSOPClassUID, read.get("AffectedSOPInstanceUID", "")) == (sop_class, instance)
    assert read.CommandDataSetType == command.NO_DATA_SET


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_malformed(data: bytes) -> None:
    with suppress(command.Malformed):
        assert isinstance(command.read(data), command.Request)


def _with_instance(uid: bytes) -> bytes:
    elements = {0x0100: b"\1\0", 0x0800: b"\0\0", 0x1000: uid}
    return b"".join(
        b"\0\0" + tag.to_bytes(2, "little") + len(value).to_bytes(4, "little") + value
        for tag, value in elements.items()
    )


@pytest.mark.parametrize("uid", [b"1.2.x\0", b"1" * 66, b"../../\0\0", b"\xff\0", b"1.2\n"])
def test_what_is_no_uid_is_kept_as_it_is(uid: bytes) -> None:
    """Its data set is kept all the same; and its sender finds it in the response."""
    read = command.read(_with_instance(uid))
    assert read.sop_instance_uid == uid.rstrip(b"\0").decode("ascii", "replace")
    answered = command.read(command.response(read, 0))
    assert answered.sop_instance_uid == read.sop_instance_uid.replace("\ufffd", "?")


def test_what_is_far_too_long_for_a_uid_is_no_request() -> None:
    with pytest.raises(command.Malformed):
        command.read(_with_instance(b"1" * 1026))
