"""One association on the acceptor's side: the states and events of PS3.8 Section 9.2 that an acceptor can meet.

    Sta2   connected, no request yet            ARTIM runs
    Sta6   data transfer
    Sta13  all is said, the peer has to close    ARTIM runs, for less long

Sta3 (asking the user) and Sta8 (asking him whether to release) take no time here: what we answer is known at once.
Of the table's actions: AE-6 and AE-8, DT-1 and DT-2, AR-2 and AR-4, AA-1 (in Sta2), AA-2 to AA-8.
"""

import contextlib
import time
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import Protocol

from services.receiver.upper import command
from services.receiver.upper.landing import Landed, Landing
from services.receiver.upper.wire import SLOWEST, Closed, Silent, Wire
from shared.dicom import pdu, statuses
from shared.dicom.constants import PUSH_MODEL, VERIFICATION
from shared.dicom.pdu import Abort, Kind, Rejection

_ABORT_BODY = 4
_LONGEST_COMMAND = 64 * 1024
_LONGEST_REQUEST = 512 * 1024
"""Bytes of an A-ASSOCIATE-RQ: 128 contexts with all transfer syntaxes take 300,000."""
_OPERATIONS = {VERIFICATION: command.C_ECHO_RQ, PUSH_MODEL: command.N_ACTION_RQ}
"""What is done by other classes than those of storage: each context has the one of its class."""
_HEARD_OUT = set(Kind) - {Kind.ASSOCIATE_RQ, Kind.ABORT}
"""PDUs that change nothing in Sta13."""


class End(StrEnum):
    """How an association ended."""

    RELEASED = "released"
    ABORTED_BY_PEER = "aborted-by-peer"
    ABORTED = "aborted"
    REJECTED = "rejected"
    CLOSED = "closed"
    SILENT = "silent"
    DRAINED = "drained"


@dataclass(frozen=True, slots=True)
class Context:
    """An accepted presentation context."""

    abstract_syntax: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was negotiated: `answer` is the A-ASSOCIATE-AC, `contexts` go by their ids."""

    answer: bytes
    contexts: dict[int, Context]


class Serves(Protocol):
    """Who decides, and takes what arrives."""

    def requested(self, request: bytes) -> Accepted | Rejection | Abort:
        """The answer to a whole A-ASSOCIATE-RQ."""
        ...

    def begins(self, request: command.Request, context: Context, landing: Landing) -> None:
        """The data set of that request comes: `landing` has to begin."""
        ...

    def stored(self, request: command.Request, context: Context, landed: Landed) -> int:
        """The status that a C-STORE is answered with."""
        ...

    def lost(self, request: command.Request) -> int:
        """The same for one whose data set found no room on the disk."""
        ...

    def refused(self, status: int) -> None:
        """A request was answered with that status: not ours to do, of another class than its context's (PS3.7 Annex C),
        or a C-STORE without a data set."""
        ...

    def acted(self, request: command.Request, context: Context, landed: Landed | None) -> int:
        """The status that an N-ACTION is answered with; `landed`: None without a data set, or when it found no room."""
        ...

    def ended(self, end: End) -> None:
        """All is said, or nothing can be: the association holds nothing, and at most waits for the peer to close."""
        ...

    @property
    def draining(self) -> bool:
        """Whether associations are to end at the next instance."""
        ...


@dataclass(slots=True)
class _Message:
    """What has come of a message so far, and since when."""

    context: int
    bytes_of_command: bytearray = field(default_factory=bytearray)
    request: command.Request | None = None
    size: int = 0
    began: float = field(default_factory=time.monotonic)


class _Over(Exception):
    """The association is over; `say` is to be said before."""

    def __init__(self, end: End, say: bytes = b"") -> None:
        super().__init__(end)
        self.end, self.say = end, say


def _aborted(reason: Abort) -> _Over:
    return _Over(End.ABORTED, pdu.abort(reason))


class Association:
    """Serves one connection until it ends. `until`: all of a request is here when the monotonic clock says so. In
    seconds: `idle` within an association, `parting` for the peer to close."""

    def __init__(
        self, wire: Wire, serves: Serves, landing: Landing, *, until: float, idle: float, parting: float
    ) -> None:
        self._wire, self._serves, self._landing = wire, serves, landing
        self._until, self._idle, self._parting = until, idle, parting
        self._contexts: dict[int, Context] = {}
        self._established = False
        self._message: _Message | None = None
        self._left = 0
        """Bytes of the PDU that have not been read."""

    def run(self) -> End:
        """Until the connection is closed; how it ended. Raises what `serves` raises, when the peer has been told."""
        try:
            over = self._served()
            self._part(over)
            return over.end
        finally:
            with contextlib.closing(self._wire):
                self._landing.close()

    def _served(self) -> "_Over":
        """How it came to be over, and what is to be said."""
        try:
            request = self._request(self._until)
            self._wire.patience(self._idle)
            self._open(request)
            while True:
                self._next()
        except _Over as over:
            return over
        except Closed:
            return _Over(End.CLOSED)
        except Silent:
            # Who has not asked for an association is not told of its end (AA-2).
            return _Over(End.SILENT, pdu.abort(Abort.NOT_SPECIFIED) if self._established else b"")
        except Exception:
            self._part(_aborted(Abort.NOT_SPECIFIED))
            raise

    def _head(self, until: float | None = None) -> int:
        """What kind of PDU comes."""
        kind, self._left = pdu.head(self._wire.read(pdu.HEAD, until))
        return kind

    # --- Sta2

    def _request(self, until: float) -> bytes:
        """A whole A-ASSOCIATE-RQ, without its head. However small its pieces, it holds nobody's place for longer."""
        kind = self._head(until)
        if kind == Kind.ABORT:
            raise self._aborted_by_peer(until)
        if kind != Kind.ASSOCIATE_RQ:
            raise _Over(End.ABORTED, pdu.abort_by_user())  # AA-1
        if self._left > _LONGEST_REQUEST:
            raise _aborted(Abort.INVALID_PARAMETER)
        return self._wire.read(self._left, until)

    def _open(self, request: bytes) -> None:
        self._left = 0
        match self._serves.requested(request):
            case Accepted(answer, contexts):
                self._contexts, self._established = contexts, True
                self._wire.send(answer)
            case Rejection() as rejection:
                raise _Over(End.REJECTED, pdu.reject(rejection))
            case Abort() as reason:
                raise _aborted(reason)

    # --- Sta6

    def _next(self) -> None:
        kind = self._head()
        if kind == Kind.DATA_TF:
            self._data()
        elif kind == Kind.RELEASE_RQ:
            raise _Over(End.RELEASED, pdu.release_rp())
        elif kind == Kind.ABORT:
            raise self._aborted_by_peer()
        else:
            raise _aborted(_unexpected(kind))

    def _aborted_by_peer(self, until: float | None = None) -> _Over:
        self._wire.read(_ABORT_BODY, until)  # or closing would be a reset
        return _Over(End.ABORTED_BY_PEER)

    def _read(self, count: int) -> bytes:
        """The next bytes of the PDU."""
        data = self._wire.read(count)
        self._left -= count
        return data

    def _data(self) -> None:
        """The values of one P-DATA-TF."""
        if not 0 < self._left <= pdu.LONGEST:
            raise _aborted(Abort.INVALID_PARAMETER)
        while self._left:
            if self._left < pdu.PDV_HEAD:
                raise _aborted(Abort.INVALID_PARAMETER)
            length, context, control = pdu.pdv_head(self._read(pdu.PDV_HEAD))
            if not 0 <= length <= self._left or context not in self._contexts:
                raise _aborted(Abort.INVALID_PARAMETER)
            message = self._message = self._message or _Message(context)
            if message.context != context or bool(control & pdu.COMMAND) is not (message.request is None):
                raise _aborted(Abort.UNEXPECTED_PARAMETER)
            self._hurry(message, length)
            take = self._take_command if control & pdu.COMMAND else self._take_data
            take(message, length, bool(control & pdu.LAST))

    def _hurry(self, message: _Message, length: int) -> None:
        """Small pieces, each in time, may not make one message last for ever."""
        if time.monotonic() - message.began > self._idle + message.size / SLOWEST:
            raise Silent
        message.size += length

    def _take_command(self, message: _Message, length: int, last: bool) -> None:
        if len(message.bytes_of_command) + length > _LONGEST_COMMAND:
            raise _aborted(Abort.INVALID_PARAMETER)
        message.bytes_of_command += self._read(length)
        if not last:
            return
        try:
            message.request = command.read(bytes(message.bytes_of_command))
        except command.Malformed:
            raise _aborted(Abort.INVALID_PARAMETER) from None
        if message.request.data_set:
            self._serves.begins(message.request, self._contexts[message.context], self._landing)
        else:
            self._answer(message, message.request, None)

    def _take_data(self, message: _Message, length: int, last: bool) -> None:
        while length:
            room = self._landing.room(length)
            self._wire.fill(room)
            self._landing.took(len(room))
            self._left -= len(room)
            length -= len(room)
        if last:
            assert message.request is not None
            self._answer(message, message.request, self._landing.whole())

    def _answer(self, message: _Message, request: command.Request, landed: Landed | None) -> None:
        self._message = None
        if request.field == command.C_CANCEL_RQ:
            return
        status = self._status(request, self._contexts[message.context], landed)
        self._wire.send(pdu.data_tf(message.context, pdu.COMMAND | pdu.LAST, command.response(request, status)))
        self._landing.clear()
        if self._serves.draining:
            raise _Over(End.DRAINED, pdu.abort(Abort.NOT_SPECIFIED))

    def _status(self, request: command.Request, context: Context, landed: Landed | None) -> int:
        if request.field & command.RESPONSE:
            raise _aborted(Abort.UNEXPECTED_PARAMETER)
        if refusal := _refusal(request, context):
            self._serves.refused(refusal)
            return refusal
        if request.field == command.C_ECHO_RQ:
            return statuses.SUCCESS
        if request.field == command.N_ACTION_RQ:
            return self._serves.acted(request, context, landed)
        return self._serves.lost(request) if landed is None else self._serves.stored(request, context, landed)

    # --- Sta13

    def _part(self, over: _Over) -> None:
        """Say the last word, give everything back, and let the peer close."""
        self._landing.close()
        said = self._said(over.say)
        self._serves.ended(over.end)
        if said:
            with contextlib.suppress(Closed, Silent, _Over):
                self._hear_out(time.monotonic() + self._parting)

    def _said(self, last_word: bytes) -> bool:
        """Whether there was one, and it is on its way: closed now, a reset could take it from the peer again."""
        if not last_word:
            return False
        try:
            self._wire.patience(self._parting)
            self._wire.send(last_word)
        except (Closed, Silent):
            return False
        return True

    def _hear_out(self, until: float) -> None:
        """What is still said changes nothing (AA-6), but for what has no place even here (AA-7)."""
        self._wire.skip(self._left, until)
        while (kind := self._head(until)) in _HEARD_OUT:
            self._wire.skip(self._left, until)
        if kind == Kind.ABORT:
            raise self._aborted_by_peer(until)
        self._wire.send(pdu.abort(_unexpected(kind)))
        self._wire.skip(inf, until)  # once is enough


def _refusal(request: command.Request, context: Context) -> int:
    """The status of what needs no look at a data set; a success where it does."""
    if request.field != _OPERATIONS.get(context.abstract_syntax, command.C_STORE_RQ):
        return statuses.UNRECOGNISED_OPERATION
    if request.sop_class_uid != context.abstract_syntax:
        return statuses.CLASS_NOT_SUPPORTED
    if request.field == command.C_STORE_RQ and not request.data_set:
        return statuses.CANNOT_UNDERSTAND
    return statuses.SUCCESS


def _unexpected(kind: int) -> Abort:
    return Abort.UNEXPECTED_PDU if kind in set(Kind) else Abort.UNRECOGNISED_PDU
