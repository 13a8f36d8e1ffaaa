"""Who is let in: the sites file against what a peer says and shows of himself.

What a refused peer is told (PS3.8 Table 9-21) is what the standard has codes for, and no more: whoever has right titles
but comes from a wrong address, without the certificate, without TLS or for a disabled site hears the same as one whose
calling title is of no site, so that nobody finds out the sites' titles, or what else he would need, by trying.
Who fails as a user alone is told so, as PS3.7 D.3.3.7 asks: he has shown everything else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from shared.dicom.pdu import CALLED_UNKNOWN, CALLING_UNKNOWN, USER_REFUSED, Rejection
from shared.dicom.user import User
from shared.outcome import Reason
from shared.sites.file import Sites
from shared.sites.proofs import is_passcode
from shared.sites.site import Site

_NOBODY_S = "$scrypt$ln=14,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""A hash of no passcode: trying one on a user that is not there takes as long."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who asks. `address`: of the other end; `certificate`: SHA-256 of the one he has proven to own, on TLS only."""

    called: str
    calling: str
    address: str
    tls: bool = False
    certificate: str | None = None
    user: User | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not let in, for us, and what he is told. `site`: its code, where his titles are of one."""

    reason: Reason
    rejection: Rejection
    site: str | None = None


def admit(sites: Sites, peer: Peer) -> Site | Refusal:
    """The first entry that the peer fits, or what kept him from the one that he came nearest to."""
    entries = list(sites.found(peer.called, peer.calling))
    if not entries:
        known = sites.serves(peer.called)
        return Refusal(Reason.UNKNOWN_AE_TITLE, CALLING_UNKNOWN if known else CALLED_UNKNOWN)
    misses: list[tuple[int, Reason, str]] = []
    for entry in entries:
        miss = next(((passed, lacks) for passed, lacks in enumerate(_lacks(entry, peer)) if lacks), None)
        if miss is None:
            return entry
        misses.append((*miss, entry.code))
    _, reason, code = max(misses, key=lambda miss: miss[0])
    return Refusal(reason, USER_REFUSED if reason is Reason.USER_REFUSED else CALLING_UNKNOWN, code)


def within(site: Site, address: str) -> bool:
    """Whether the site's senders may come from that address, which is blank when the connection is gone again."""
    if not site.addresses or not address:
        return not site.addresses
    found = _address(address)
    return any(found in network for network in site.addresses)


def _lacks(site: Site, peer: Peer) -> Iterator[Reason | None]:
    """What is asked of the peer, in order: None where he has it, else the reason to refuse him."""
    yield None if within(site, peer.address) else Reason.ADDRESS_REFUSED
    yield Reason.TLS_REQUIRED if site.needs_tls and not peer.tls else None
    yield None if not site.certificates or peer.certificate in site.certificates else Reason.CERTIFICATE_REFUSED
    yield None if site.enabled else Reason.SITE_DISABLED
    yield None if not site.users or _is_user(site, peer.user) else Reason.USER_REFUSED


def _is_user(site: Site, user: User | None) -> bool:
    if user is None:
        return False
    if user.passcode is None:  # a name alone is enough only where none more was asked for
        return user.name in site.users and site.users[user.name] is None
    return is_passcode(site.users.get(user.name) or _NOBODY_S, user.passcode)


def _address(text: str) -> IPv4Address | IPv6Address:
    """Without the scope of a link, and IPv4 as such where it came through an IPv6 socket."""
    found = ip_address(text.partition("%")[0])
    return getattr(found, "ipv4_mapped", None) or found
