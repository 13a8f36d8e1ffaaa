"""Whether a site is let in: an association and C-ECHO as its senders would, and in words what came of it."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.pdu import A_ASSOCIATE_RJ
from pynetdicom.pdu_primitives import UserIdentityNegotiation

from infra.ca.certificates import fingerprint_in
from shared.dicom.constants import VERIFICATION
from shared.dicom.pdu import CALLED_UNKNOWN, CALLING_UNKNOWN, LIMIT_REACHED, USER_REFUSED, Rejection
from shared.dicom.statuses import SUCCESS
from shared.dicom.user import User
from shared.misconfigured import Misconfigured
from shared.schemas import load_yaml
from shared.sites import Sites
from shared.sites.admission import Peer, Refusal, admit

SECONDS = 10.0
_ALERT = 1.0
"""Seconds that a receiver gets to say that it does not believe a certificate: TLS 1.3 does so after the handshake."""
_CODES = {
    CALLING_UNKNOWN: "calling AE title not recognised",
    CALLED_UNKNOWN: "called AE title not recognised",
    USER_REFUSED: "user identity not accepted",
    LIMIT_REACHED: "local limit exceeded: too many associations, or the receiver is going down",
}
"""What the codes of PS3.8 Table 9-21 say that the receiver uses."""


class NotLetIn(Exception):
    """Why, in our words."""


@dataclass(frozen=True)
class Sender:
    """Who tries, and where. `user`: of the site's."""

    host: str
    port: int
    called: str
    calling: str
    secure: ssl.SSLContext | None = None
    certificate: str | None = None
    user: User | None = None


def context_of(trusted: Path, certificate: Path, key: Path) -> tuple[ssl.SSLContext, str]:
    """TLS with a client certificate, and the certificate's SHA-256. Raises Misconfigured."""
    try:
        context = ssl.create_default_context(cafile=str(trusted))
        context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as failed:
        told = getattr(failed, "strerror", None) or type(failed).__name__
        raise Misconfigured(f"these certificates cannot be used: {told}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context, fingerprint_in(certificate)


def attempt(sender: Sender, sites: Sites) -> str:
    """What went well, in a line. Raises NotLetIn."""
    spoken = _reached(sender)
    began = time.monotonic()
    association, rejected = _associate(sender)
    if rejected:
        raise NotLetIn(f"refused with {_told(rejected)}. {_reason(sender, sites)}")
    if not association.is_established:
        raise NotLetIn("the receiver broke the association off; its log says why")
    status = association.send_c_echo().get("Status")
    association.release()
    if status != SUCCESS:
        raise NotLetIn(f"let in, but C-ECHO was answered with {status}")
    return f"let in, and C-ECHO answered in {(time.monotonic() - began) * 1000:.0f} ms, {spoken}"


def _reached(sender: Sender) -> str:
    """How one speaks with the receiver. Raises NotLetIn when it does not answer, or not in TLS."""
    try:
        with socket.create_connection((sender.host, sender.port), SECONDS) as connection:
            if sender.secure is None:
                return "without TLS"
            with sender.secure.wrap_socket(connection, server_hostname=sender.host) as secured:
                _hear_alert(secured)
                return str(secured.version())
    except ssl.SSLCertVerificationError as failed:
        raise NotLetIn(f"the receiver's own certificate is not believed: {failed.verify_message}") from None
    except ssl.SSLError as failed:
        raise NotLetIn(f"no TLS, the receiver does not believe this certificate, say: {failed.reason}") from None
    except OSError as failed:
        raise NotLetIn(f"nobody answers at {sender.host}:{sender.port}: {failed.strerror or failed}") from None


def _hear_alert(secured: ssl.SSLSocket) -> None:
    secured.settimeout(_ALERT)
    try:
        secured.recv(1)
    except TimeoutError:
        return


def _associate(sender: Sender) -> tuple[Association, A_ASSOCIATE_RJ | None]:
    heard: list[A_ASSOCIATE_RJ] = []

    def hear(event: evt.Event) -> None:
        # The association itself forgets a rejection that comes very fast.
        if isinstance(event.pdu, A_ASSOCIATE_RJ):
            heard.append(event.pdu)

    entity = AE(sender.calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = SECONDS
    entity.add_requested_context(VERIFICATION)
    association = entity.associate(
        sender.host,
        sender.port,
        ae_title=sender.called,
        ext_neg=[_identity(sender.user)] if sender.user else None,
        tls_args=(sender.secure, sender.host) if sender.secure else None,
        evt_handlers=[(evt.EVT_PDU_RECV, hear)],
    )
    return association, heard[0] if heard else None


def _identity(user: User) -> UserIdentityNegotiation:
    item = UserIdentityNegotiation()
    item.user_identity_type = 1 if user.passcode is None else 2
    item.primary_field = user.name.encode()
    if user.passcode is not None:
        item.secondary_field = user.passcode
    item.positive_response_requested = True
    return item


def _told(rejected: A_ASSOCIATE_RJ) -> str:
    code = [number or 0 for number in (rejected.result, rejected.source, rejected.reason_diagnostic)]
    return f"{'/'.join(map(str, code))} ({_CODES.get(Rejection(*code), 'not a code of ours')})"


def _reason(sender: Sender, sites: Sites) -> str:
    """Why, by the sites file as it is here: the receiver tells a sender no more than it must."""
    peer = Peer(
        called=sender.called,
        calling=sender.calling,
        address=_address(sender),
        tls=sender.secure is not None,
        certificate=sender.certificate,
        user=sender.user,
    )
    found = admit(sites, peer)
    if isinstance(found, Refusal):
        return f"By the sites file: {load_yaml('reasons.yaml')['reasons'][found.reason.value]['means']}"
    return "By this sites file it would be let in: the receiver reads another one, or has not read this one yet."


def _address(sender: Sender) -> str:
    """From which the receiver sees us, if nobody in between changes it."""
    family, kind, protocol, _, place = socket.getaddrinfo(sender.host, sender.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as asking:
        asking.connect(place)
        return str(asking.getsockname()[0])
