"""Our side of TLS by PS3.15 B.12: what we show, whom we believe, and how the connection is made.

The profile is BCP 195 (RFC 8996, RFC 9325): TLS 1.2 and 1.3; of 1.2 the four suites that RFC 9325 Section 4.2
recommends (ephemeral keys, authenticated encryption); keys and signatures of 112 bits at least; no compression and no
renegotiation. Nobody resumes a session: each connection shows its certificate, which is looked at again.
"""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from shared import metrics
from shared.followed import Followed
from shared.misconfigured import Misconfigured
from shared.private_file import read_private

SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=2"
)
"""Of TLS 1.2, and the level of security (112 bits) for all; TLS 1.3 has no others."""


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files. `key` is private unless `accept_open`; `revoked` holds revocation lists of all who are `trusted`."""

    certificate: Path
    key: Path
    trusted: Path
    revoked: Path | None = None
    accept_open: bool = False

    def __iter__(self) -> Iterator[Path]:
        return (path for path in (self.certificate, self.key, self.trusted, self.revoked) if path)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a set of files makes. `mutual` lets nobody in without a certificate, `offered` only asks for one: HTTP has
    tokens too. `expires`: Unix time."""

    mutual: ssl.SSLContext
    offered: ssl.SSLContext
    expires: float


def followed(files: Files) -> Followed[Identity]:
    """The identity in these files, exchanged when they are. Raises Misconfigured when there is none yet."""

    def read() -> Identity:
        identity = identity_of(files)
        metrics.gauge("isocentre_receive_certificate_expiry_seconds").labels("server", "").set(identity.expires)
        return identity

    return Followed("certificates", read, lambda _: files)


def identity_of(files: Files) -> Identity:
    """Raises Misconfigured, which names the file that cannot be used."""
    expires = _expiry(files.certificate)
    return Identity(_context(files, ssl.CERT_REQUIRED), _context(files, ssl.CERT_OPTIONAL), expires.timestamp())


def offered(identity: Identity, connection: socket.socket) -> ssl.SSLSocket:
    """The connection with TLS, its client's certificate asked for, before the handshake. Raises OSError."""
    return identity.offered.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)


def calling(files: Files) -> ssl.SSLContext:
    """For a connection that we open, as who these files say, to whom they trust. Raises Misconfigured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(SUITES)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    _show(context, files)
    _trust(context, files)
    return context


def _expiry(certificate: Path) -> datetime:
    try:
        shown = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except OSError as failed:
        raise Misconfigured(f"{certificate} cannot be read: {failed.strerror}") from None
    except ValueError:
        raise Misconfigured(f"{certificate} holds no certificate in PEM") from None
    if not shown.not_valid_before_utc <= datetime.now(UTC) < shown.not_valid_after_utc:
        raise Misconfigured(f"the certificate in {certificate} is not valid today")
    return shown.not_valid_after_utc


def _context(files: Files, clients: ssl.VerifyMode) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(SUITES)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
    context.num_tickets = 0
    context.verify_mode = clients
    _show(context, files)
    _trust(context, files)
    return context


def _trust(context: ssl.SSLContext, files: Files) -> None:
    _believe(context, files.trusted)
    if files.revoked:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        _believe(context, files.revoked)


def _show(context: ssl.SSLContext, files: Files) -> None:
    read_private(files.key, accept_open=files.accept_open)
    try:
        # A key under a passphrase is refused, not asked for: nobody sits there.
        context.load_cert_chain(files.certificate, files.key, password=lambda: b"")
    except (OSError, ValueError) as failed:
        raise Misconfigured(f"{files.certificate} and {files.key} cannot be used: {_code(failed)}") from None


def _believe(context: ssl.SSLContext, file: Path) -> None:
    try:
        context.load_verify_locations(file)
    except OSError as failed:
        raise Misconfigured(f"{file} cannot be used: {_code(failed)}") from None


def _code(failed: Exception) -> str:
    """OpenSSL's name of what was wrong."""
    return str(getattr(failed, "reason", None) or getattr(failed, "strerror", None) or type(failed).__name__)
