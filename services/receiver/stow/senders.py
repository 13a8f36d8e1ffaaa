"""Which site a request comes from: by its bearer token (RFC 6750), or by the client's certificate."""

from collections.abc import Iterator
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus

from services.receiver.stow.refusal import Refusal
from shared.sites import Site, Sites
from shared.sites.admission import within
from shared.sites.proofs import token_digest

_CHALLENGE = ("WWW-Authenticate", 'Bearer realm="isocentre"')


@dataclass(frozen=True, slots=True)
class Sender:
    """What a connection says of who is at its other end. `certificate`: its SHA-256 in hexadecimal digits, or ''."""

    address: str
    certificate: str = ""
    tls: bool = False


def site_of(sites: Sites, authorization: str, sender: Sender) -> Site:
    """The first entry of the sites file that lets him in. Raises Refusal: 401 when he proves nothing, 403 when he is of
    a site that does not let him in from there, or in that way, or at all."""
    proven = list(_proven(sites, authorization, sender))
    for site, bears in proven:
        if (
            site.enabled
            and _certified(site, sender)
            and _stands_for_a_user(site, bears, sender)
            and within(site, sender.address)
        ):
            return site
    if proven:
        raise Refusal(HTTPStatus.FORBIDDEN, "site-may-not")
    raise Refusal(HTTPStatus.UNAUTHORIZED, "unknown-sender", _CHALLENGE)


def _proven(sites: Sites, authorization: str, sender: Sender) -> Iterator[tuple[Site, bool]]:
    """The entries that are his by a token or a certificate, and whether by a token."""
    scheme, _, token = authorization.partition(" ")
    bearer = token_digest(token.strip()) if scheme.lower() == "bearer" else ""
    for site in sites.sites:
        # All tokens are compared, however many come before.
        known = sum(compare_digest(bearer, one) for one in site.tokens)
        if known or (sender.certificate and sender.certificate in site.certificates):
            yield site, bool(known)


def _certified(site: Site, sender: Sender) -> bool:
    return not site.certificates or sender.certificate in site.certificates


def _stands_for_a_user(site: Site, bears: bool, sender: Sender) -> bool:
    """HTTP has no user identity (PS3.7 D.3.3.7): where one is asked for, a token has to do, which nobody else hears."""
    return not site.users or (bears and sender.tls)
