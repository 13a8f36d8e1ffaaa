"""What a site asks for by an N-ACTION (PS3.4 Section J.3.2), read from its data set."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.uid import UID

from services.receiver.commitment.elements import Elements
from services.receiver.upper.command import Request
from shared.dicom.constants import PUSH_MODEL_INSTANCE

REQUEST_COMMITMENT = 1
"""The one action (PS3.4 Table J.3-1)."""
NO_SUCH_INSTANCE, INVALID_ARGUMENT, NO_SUCH_ACTION, RESOURCE_LIMITATION = 0x0112, 0x0115, 0x0123, 0x0213
"""Statuses of an N-ACTION (PS3.7 Section 10.1.4.1.10)."""

MOST_REFERENCES = 30_000
"""Instances that one request may be about: 20 MB of memory. Short UIDs would let four times as many into its bytes."""
_TRANSACTION, _SEQUENCE, _CLASS, _INSTANCE = _WANTED = 0x00081195, 0x00081199, 0x00081150, 0x00081155
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
    """What the data set asks for. Raises Refused when it does not say what it must, or asks for too much."""
    syntax, data = UID(transfer_syntax_uid), data_set.read()
    elements = Elements(data, explicit=not syntax.is_implicit_VR, little=syntax.is_little_endian)
    try:
        found = {tag: (begin, end) for tag, begin, end in elements.within(0, len(data)) if tag in _WANTED}
        # Counted on the way, so that too many of them take no memory. A dict, because each counts once.
        references = dict.fromkeys(_few(_references(elements, data, *found[_SEQUENCE])))
        asked = Asked(_uid(data, *found[_TRANSACTION]), tuple(references))
    except (KeyError, ValueError, RecursionError, struct.error):
        raise Refused(INVALID_ARGUMENT) from None
    if not references:
        raise Refused(INVALID_ARGUMENT)
    return asked


def _references(elements: Elements, data: bytes, begin: int, end: int) -> Iterator[Reference]:
    for _, *item in elements.within(begin, end):
        found = {tag: place for tag, *place in elements.within(*item) if tag in _WANTED}
        yield Reference(_uid(data, *found[_CLASS]), _uid(data, *found[_INSTANCE]))


def _few(references: Iterator[Reference]) -> Iterator[Reference]:
    for number, reference in enumerate(references, start=1):
        if number > MOST_REFERENCES:
            raise Refused(RESOURCE_LIMITATION)
        yield reference


def _uid(data: bytes, begin: int, end: int) -> str:
    uid = data[begin:end].strip(b"\0 ").decode("latin-1")
    if not 0 < len(uid) <= _LONGEST or "\\" in uid:
        raise ValueError("no UID")
    return uid
