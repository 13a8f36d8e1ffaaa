"""The transport connection under TLS: as `wire`, with one who has shown who he is."""

import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass

from services.receiver.upper.wire import Closed, Silent, Wire
from shared.sites.proofs import fingerprint

_SLOWEST = 4096
"""Bytes a second: as `wire`, unless it is told otherwise."""
_UNHEARD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a client has proven to own. `digest`: its SHA-256; `expires`: Unix time."""

    digest: str
    expires: float


class NoHandshake(Exception):
    """The other end shows no certificate that we believe, or speaks no TLS of ours.

    The text is OpenSSL's code, and the number of what is wrong with the certificate (X509_V_ERR_…), where there is one.
    """


class TlsWire(Wire):
    """One accepted connection on which nothing has been said yet: `handshake` comes first.

    An SSL socket knows no time-outs of the kernel's, and gives no more than one record (16 KiB) at a time.
    """

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, idle: float) -> None:
        """Takes the socket over: `socket` is what is left of it."""
        self.socket = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        super().__init__(self.socket, idle)

    def handshake(self) -> Certificate | None:
        """The client's certificate; None where it may lack and does. Raises NoHandshake, Closed or Silent."""
        try:
            self.socket.do_handshake()
        except TimeoutError:
            raise Silent from None
        except ssl.SSLEOFError:
            raise Closed from None
        except ssl.SSLError as failed:
            raise NoHandshake(_code(failed)) from None
        except OSError:
            raise Closed from None
        return _shown(self.socket)

    def patience(self, seconds: float, slowest: int = _SLOWEST) -> None:
        self._idle, self._lowest_rate = seconds, slowest
        self.socket.settimeout(seconds)

    def fill(self, view: memoryview) -> None:
        latest = time.monotonic() + self._idle + len(view) / self._lowest_rate
        while view:
            view = view[self._received(view) :]
            if view and time.monotonic() > latest:
                raise Silent

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
            # As on a plain wire: senders that leave Nagle's algorithm on wait for the acknowledgement.
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        except TimeoutError:
            raise Silent from None
        except OSError:
            raise Closed from None

    def skip(self, count: float, until: float) -> None:
        room = memoryview(bytearray(_UNHEARD))
        while count:
            if time.monotonic() > until:
                raise Silent
            count -= self._received(room[: int(min(count, _UNHEARD))])

    def close(self) -> None:
        with suppress(OSError, ValueError):
            # Says that this is the end (RFC 8446 Section 6.1), and waits for nothing.
            self.socket.settimeout(0)
            self.socket.unwrap()
        self.socket.close()

    def _received(self, room: memoryview) -> int:
        """How many bytes have come into `room`. Raises Closed or Silent."""
        try:
            got = self.socket.recv_into(room)
        except TimeoutError:
            raise Silent from None
        except OSError:
            raise Closed from None
        if not got:
            raise Closed
        return got


def _shown(connection: ssl.SSLSocket) -> Certificate | None:
    certificate, fields = connection.getpeercert(binary_form=True), connection.getpeercert()
    if not certificate or not fields:
        return None
    return Certificate(fingerprint(certificate), float(ssl.cert_time_to_seconds(str(fields["notAfter"]))))


def _code(failed: ssl.SSLError) -> str:
    return " ".join(str(part) for part in (failed.reason, getattr(failed, "verify_code", None)) if part)
