"""C-STORE over one association, as the requestor: the data set's bytes go out as they lie in their file.

pynetdicom's own sender encodes the data set anew, or queues all of the file; this one reads a piece and sends it.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import socket
import ssl
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from infra.sending import negotiation
from infra.sending.messages import status_of, store_request
from infra.sending.way import Away, Broken, Context, Instance, NotLetIn, NotTaken
from shared.dicom import pdu
from shared.dicom.pdu import Kind

CONNECT_SECONDS = 10.0
_LONGEST_ANSWER = 1024 * 1024
_REJECTIONS = {
    pdu.CALLING_UNKNOWN: "it does not know our calling AE title",
    pdu.CALLED_UNKNOWN: "it does not know the called AE title",
    pdu.CONTEXT_NAME_UNKNOWN: "it does not know the application context",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom to send to and under which titles. `seconds`: how long to wait for an answer."""

    host: str
    port: int
    called: str
    calling: str
    tls: ssl.SSLContext | None = None
    seconds: float = 120.0


class _TlsAlert(Broken):
    """The other end refuses us only now: with TLS 1.3 a client is told after its handshake (RFC 8446 Section 4.6.2)."""


class Association:
    """One association that is open. Raises what a Way does."""

    def __init__(self, peer: Peer, contexts: Collection[Context]) -> None:
        self.proposed = list(contexts)
        self._message_ids = itertools.cycle(range(1, 65_536))
        self._socket = _connected(peer)
        try:
            self._send(negotiation.request(peer.calling, peer.called, self.proposed))
            self._results, self._longest = self._accepted(*self._receive())
        except BaseException:
            self._socket.close()
            raise

    def store(self, instance: Instance, file: BinaryIO) -> int:
        """Send what `file` holds from the instance's offset on; the status of the answer."""
        context = self._context_of(instance)
        command = store_request(next(self._message_ids), instance.sop_class_uid, instance.sop_instance_uid)
        room = self._longest - pdu.PDV_HEAD
        for control, piece in _pieces(io.BytesIO(command), room):
            self._send(pdu.data_tf(context, pdu.COMMAND | control, piece))
        for control, piece in _pieces(file, room):
            self._send(pdu.data_tf(context, control, piece))
        return self._status()

    def release(self) -> None:
        """End it in order."""
        with contextlib.suppress(Broken):
            self._send(bytes((Kind.RELEASE_RQ, 0)) + (4).to_bytes(4) + bytes(4))
            self._receive()
        self.drop()

    def drop(self) -> None:
        """End it where it stands: what is half sent is never taken."""
        self._socket.close()

    def _context_of(self, instance: Instance) -> int:
        number = 2 * self.proposed.index(instance.context) + 1
        refusal = self._results.get(number, "context-refused")
        if refusal is not None:
            raise NotTaken(refusal)
        return number

    def _status(self) -> int:
        answered = bytearray()
        while True:
            kind, body = self._receive()
            if kind != Kind.DATA_TF:
                raise Broken("aborted" if kind == Kind.ABORT else "no-answer")
            view = memoryview(body)
            while view:
                length, _, control = pdu.pdv_head(view)
                answered += view[pdu.PDV_HEAD : pdu.PDV_HEAD + length]
                view = view[pdu.PDV_HEAD + length :]
                if control & pdu.LAST:
                    return self._said(bytes(answered))

    def _said(self, command: bytes) -> int:
        status = status_of(command)
        if status is None:
            raise Broken("no-status")
        return status

    def _accepted(self, kind: int, body: bytes) -> tuple[dict[int, str | None], int]:
        if kind == Kind.ASSOCIATE_RJ and len(body) == 4:
            rejection = pdu.Rejection(*body[1:])
            if rejection.passes:
                raise Away("association-limit")
            code = "/".join(map(str, body[1:]))
            raise NotLetIn(_REJECTIONS.get(rejection, f"it refuses associations ({code})"))
        if kind != Kind.ASSOCIATE_AC:
            raise Away("association-aborted")
        try:
            return negotiation.answer(body)
        except ValueError:
            raise Away("no-dicom-there") from None

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError:
            raise Broken("connection-lost") from None

    def _receive(self) -> tuple[int, bytes]:
        kind, length = pdu.head(self._exactly(pdu.HEAD))
        if length > _LONGEST_ANSWER:
            raise Broken("no-answer")
        return kind, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        parts = bytearray()
        try:
            while len(parts) < count:
                piece = self._socket.recv(count - len(parts))
                if not piece:
                    raise Broken("connection-lost")
                parts += piece
        except TimeoutError:
            raise Broken("no-answer") from None
        except ssl.SSLError as refused:
            raise _TlsAlert(refused.reason or "alert") from None
        except OSError:
            raise Broken("connection-lost") from None
        return bytes(parts)


class Storing:
    """The Way by C-STORE: an association at a time, another one when the contexts ask for it or the old one broke."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._open: Association | None = None

    def prepare(self, contexts: Collection[Context]) -> None:
        wanted = dict.fromkeys(context for context in contexts if negotiation.fits(*context))
        if self._open is not None:
            if wanted.keys() <= set(self._open.proposed):
                return
            self.close()
        if wanted:
            self._associate(list(wanted)[: pdu.MOST_CONTEXTS])

    def store(self, instance: Instance, file: BinaryIO) -> int:
        if not negotiation.fits(*instance.context, instance.sop_instance_uid):
            raise NotTaken("malformed-uid")
        if self._open is None or instance.context not in self._open.proposed:
            self.close()
            self._associate([instance.context])
        assert self._open is not None
        try:
            return self._open.store(instance, file)
        except NotTaken:
            raise
        except BaseException:
            # Half a message is on its way: nothing else can follow it here.
            self._open.drop()
            self._open = None
            raise

    def close(self) -> None:
        if self._open is not None:
            self._open.release()
            self._open = None

    def _associate(self, contexts: Collection[Context]) -> None:
        try:
            self._open = Association(self._peer, contexts)
        except _TlsAlert as alert:
            raise NotLetIn(f"TLS: {alert}") from None
        except Broken as broken:
            raise Away(str(broken)) from None


def _connected(peer: Peer) -> socket.socket:
    try:
        connection = socket.create_connection((peer.host, peer.port), CONNECT_SECONDS)
    except OSError:
        raise Away("no-connection") from None
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(peer.seconds)
    if peer.tls is None:
        return connection
    try:
        return peer.tls.wrap_socket(connection, server_hostname=peer.host)
    except ssl.SSLError as refused:
        connection.close()
        raise NotLetIn(f"TLS: {refused.reason or 'handshake failed'}") from None
    except OSError:
        connection.close()
        raise Away("no-connection") from None


def _pieces(file: BinaryIO, room: int) -> Iterator[tuple[int, bytes]]:
    """Control header and value of each fragment: only the last one says that it is."""
    piece = file.read(room)
    while True:
        following = file.read(room)
        if not following:
            yield pdu.LAST, piece
            return
        yield 0, piece
        piece = following
