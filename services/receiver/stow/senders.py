"""Which site a request comes from: by its bearer token (RFC 6750), or by the client's certificate."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address

from services.receiver.stow.refusal import Refusal
from shared.sites import Site, Sites

_CHALLENGE = ("WWW-Authenticate", 'Bearer realm="isocentre"')


@dataclass(frozen=True, slots=True)
class Sender:
    """What a connection says of who is at its other end. `certificate`: its SHA-256 in hexadecimal digits, or ''."""

    address: str
    certificate: str = ""


def site_of(sites: Sites, authorization: str, sender: Sender) -> Site:
    """The first entry of the sites file that lets him in. Raises Refusal: 401 when he proves nothing, 403 when he is of
    a site that does not let him in from there, or at all."""
    proven = list(_proven(sites, authorization, sender))
    for site in proven:
        if site.enabled and _certified(site, sender) and _near(site, sender):
            return site
    if proven:
        raise Refusal(HTTPStatus.FORBIDDEN, "site-may-not")
    raise Refusal(HTTPStatus.UNAUTHORIZED, "unknown-sender", _CHALLENGE)


def _proven(sites: Sites, authorization: str, sender: Sender) -> Iterator[Site]:
    scheme, _, token = authorization.partition(" ")
    bearer = hashlib.sha256(token.strip().encode("utf-8", "replace")).hexdigest() if scheme.lower() == "bearer" else ""
    for site in sites.sites:
        if bearer in site.tokens or (sender.certificate and sender.certificate in site.certificates):
            yield site


def _certified(site: Site, sender: Sender) -> bool:
    return not site.certificates or sender.certificate in site.certificates


def _near(site: Site, sender: Sender) -> bool:
    return not site.addresses or any(_address(sender.address) in network for network in site.addresses)


def _address(text: str) -> IPv4Address | IPv6Address:
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address
