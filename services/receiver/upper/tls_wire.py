"""The transport connection under TLS: as `wire`, with one who has shown who he is."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from services.receiver.upper.wire import SLOWEST, Closed, Silent, Wire
from shared.sites.proofs import fingerprint


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a client has proven to own. `digest`: its SHA-256; `expires`: Unix time."""

    digest: str
    expires: float


class NoHandshake(Exception):
    """The other end shows no certificate that we believe, or speaks no TLS of ours.

    The text is OpenSSL's code, and the number of what is wrong with the certificate (X509_V_ERR_…), where there is one.
    """


@contextmanager
def handshaking() -> Iterator[None]:
    """Raises NoHandshake, Closed or Silent for what a handshake within it raises."""
    try:
        yield
    except TimeoutError:
        raise Silent from None
    except ssl.SSLEOFError:
        raise Closed from None
    except ssl.SSLError as failed:
        raise NoHandshake(_code(failed)) from None
    except OSError:
        raise Closed from None


class TlsWire(Wire):
    """One accepted connection on which nothing has been said yet: `handshake` comes first.

    An SSL socket knows no time-outs of the kernel's, and gives no more than one record (16 KiB) at a time.
    """

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, idle: float) -> None:
        """Takes the socket over: `socket` is what is left of it. Raises Closed."""
        try:
            self.socket = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        except OSError:
            raise Closed from None
        try:
            super().__init__(self.socket, idle)
        except OSError:
            self.socket.close()  # which nobody else has
            raise Closed from None

    def handshake(self) -> Certificate | None:
        """The client's certificate; None where it may lack and does. Raises NoHandshake, Closed or Silent."""
        with handshaking():
            self.socket.do_handshake()
        return _shown(self.socket)

    def _waits(self, seconds: float) -> None:
        self.socket.settimeout(seconds)

    def fill(self, view: memoryview) -> None:
        latest = time.monotonic() + self._idle + len(view) / SLOWEST
        try:
            while view:
                got = self.socket.recv_into(view)
                if not got:
                    raise Closed
                view = view[got:]
                if view and time.monotonic() > latest:
                    raise Silent
        except TimeoutError:
            raise Silent from None
        except OSError:
            raise Closed from None

    def close(self) -> None:
        with suppress(OSError, ValueError):
            # Says that this is the end (RFC 8446 Section 6.1), and waits for nothing.
            self.socket.settimeout(0)
            self.socket.unwrap()
        self.socket.close()


def _shown(connection: ssl.SSLSocket) -> Certificate | None:
    certificate, fields = connection.getpeercert(binary_form=True), connection.getpeercert()
    if not certificate or not fields:
        return None
    return Certificate(fingerprint(certificate), float(ssl.cert_time_to_seconds(str(fields["notAfter"]))))


def _code(failed: ssl.SSLError) -> str:
    return " ".join(str(part) for part in (failed.reason, getattr(failed, "verify_code", None)) if part)
