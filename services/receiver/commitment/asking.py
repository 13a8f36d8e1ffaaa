"""What a site asks for by an N-ACTION (PS3.4 Section J.3.2), read from its data set."""

from dataclasses import dataclass
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from services.receiver.upper.command import Request
from shared.dicom.constants import PUSH_MODEL_INSTANCE

REQUEST_COMMITMENT = 1
"""The one action (PS3.4 Table J.3-1)."""
NO_SUCH_INSTANCE, INVALID_ARGUMENT, NO_SUCH_ACTION, RESOURCE_LIMITATION = 0x0112, 0x0115, 0x0123, 0x0213
"""Statuses of an N-ACTION (PS3.7 Section 10.1.4.1.10)."""

_LONGEST = 1024
"""Characters of a UID, as of those that are stored."""


class Refused(Exception):
    """The request is answered with `status`, and nothing comes of it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Reference:
    """An instance of which commitment is requested."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the sender's name of it, and what it is about, nothing twice."""

    transaction_uid: str
    references: tuple[Reference, ...]


def check(request: Request) -> None:
    """Whether there is such an action on such an object. Raises Refused."""
    if request.sop_instance_uid != PUSH_MODEL_INSTANCE:
        raise Refused(NO_SUCH_INSTANCE)
    if request.action != REQUEST_COMMITMENT:
        raise Refused(NO_SUCH_ACTION)


def read(data_set: BinaryIO, transfer_syntax_uid: str) -> Asked:
    """What the data set asks for. Raises Refused when it does not say what it must."""
    syntax = UID(transfer_syntax_uid)
    try:
        found = read_dataset(data_set, syntax.is_implicit_VR, syntax.is_little_endian)
        references = tuple(dict.fromkeys(map(_reference, found.ReferencedSOPSequence)))
        asked = Asked(_uid(found.TransactionUID), references)
    except Exception:  # pydicom raises whatever its parts do
        raise Refused(INVALID_ARGUMENT) from None
    if not references:
        raise Refused(INVALID_ARGUMENT)
    return asked


def _reference(item: Dataset) -> Reference:
    return Reference(_uid(item.ReferencedSOPClassUID), _uid(item.ReferencedSOPInstanceUID))


def _uid(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise ValueError("no UID")
    return str(value)
