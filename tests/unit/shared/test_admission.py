"""Who is let in, what he is told when he is not, and what he is not told."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from shared.dicom.pdu import CALLED_UNKNOWN, CALLING_UNKNOWN, USER_REFUSED, Rejection
from shared.dicom.user import User
from shared.outcome import Reason
from shared.sites import Site, Sites
from shared.sites.admission import (
    Peer,
    Refusal,
    admit,
    within,
)
from shared.sites.proofs import passcode_hash

OURS, THEIRS = "a1" * 32, "b2" * 32
HASH = passcode_hash(b"open sesame")
PEER = Peer("ISOCENTRE", "CT1", "192.0.2.7")
SECURE = replace(PEER, tls=True, certificate=OURS)


def site(code: str = "site-a", **fields: Any) -> Site:
    return Site(
        code=code,
        project="demo",
        calling_ae_titles=frozenset({"CT1"}),
        called_ae_titles=frozenset({"ISOCENTRE"}),
        **fields,
    )


def verdict(peer: Peer, *entries: Site) -> str | tuple[Reason, Rejection]:
    """The code of who is let in, or why not and what he is told."""
    found = admit(Sites(sites=entries or (site(),)), peer)
    return (found.reason, found.rejection) if isinstance(found, Refusal) else found.code


def test_who_has_the_titles_is_let_in() -> None:
    assert verdict(PEER) == "site-a"


def test_titles_of_no_site_are_told() -> None:
    assert verdict(replace(PEER, called="ELSE")) == (Reason.UNKNOWN_AE_TITLE, CALLED_UNKNOWN)
    assert verdict(replace(PEER, calling="ELSE")) == (Reason.UNKNOWN_AE_TITLE, CALLING_UNKNOWN)


@pytest.mark.parametrize(
    ("fields", "peer", "reason"),
    [
        ({"addresses": [ip_network("198.51.100.0/24")]}, PEER, Reason.ADDRESS_REFUSED),
        ({"certificates": {OURS}}, PEER, Reason.TLS_REQUIRED),
        ({"users": {"ct": None}}, replace(PEER, user=User("ct", None)), Reason.TLS_REQUIRED),
        ({"certificates": {OURS}}, replace(SECURE, certificate=THEIRS), Reason.CERTIFICATE_REFUSED),
        ({"certificates": {OURS}}, replace(SECURE, certificate=None), Reason.CERTIFICATE_REFUSED),
        ({"enabled": False}, PEER, Reason.SITE_DISABLED),
        ({"enabled": False, "certificates": {OURS}}, SECURE, Reason.SITE_DISABLED),
    ],
)
def test_who_lacks_anything_hears_the_same_as_who_is_of_no_site(
    fields: dict[str, Any], peer: Peer, reason: Reason
) -> None:
    assert verdict(peer, site(**fields)) == (reason, CALLING_UNKNOWN)


@pytest.mark.parametrize(
    ("user", "let_in"),
    [
        (User("name-only", None), True),
        (User("with-passcode", b"open sesame"), True),
        (User("with-passcode", b"wrong"), False),
        (User("with-passcode", b""), False),
        (User("with-passcode", None), False),  # the name alone of who has a passcode
        (User("name-only", b"open sesame"), False),
        (User("stranger", None), False),
        (User("stranger", b"open sesame"), False),
        (None, False),
    ],
)
def test_a_user_is_who_the_file_says(user: User | None, let_in: bool) -> None:
    entry = site(users={"name-only": None, "with-passcode": HASH})
    told = verdict(replace(SECURE, user=user), entry)
    assert told == ("site-a" if let_in else (Reason.USER_REFUSED, USER_REFUSED))


def test_whoever_fails_as_a_user_and_otherwise_is_not_told_of_the_user() -> None:
    entry = site(users={"ct": None}, certificates={OURS})
    assert verdict(replace(SECURE, certificate=THEIRS), entry) == (Reason.CERTIFICATE_REFUSED, CALLING_UNKNOWN)


def test_a_user_where_none_is_asked_for_is_not_looked_at() -> None:
    assert verdict(replace(PEER, user=User("anyone", b"x"))) == "site-a"


def test_sites_with_the_same_titles_are_told_apart_by_what_else_they_show() -> None:
    one = site("site-a", addresses=[ip_network("192.0.2.0/24")], certificates={OURS})
    other = site("site-b", addresses=[ip_network("198.51.100.0/24")])
    assert verdict(SECURE, one, other) == "site-a"
    assert verdict(replace(PEER, address="198.51.100.1"), one, other) == "site-b"
    # The reason is that of the entry which he came nearest to.
    found = admit(Sites(sites=(other, one)), replace(SECURE, certificate=THEIRS))
    assert isinstance(found, Refusal)
    assert (found.reason, found.site) == (Reason.CERTIFICATE_REFUSED, "site-a")


@pytest.mark.parametrize("address", ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "fe80::1%eth0"])
def test_addresses_are_compared_whatever_socket_they_came_through(address: str) -> None:
    networks = [ip_network(text) for text in ("192.0.2.0/24", "2001:db8::/32", "fe80::/10")]
    assert within(site(addresses=networks), address)
    assert not within(site(addresses=[ip_network("203.0.113.0/24")]), address)


def test_who_is_gone_again_comes_from_nowhere() -> None:
    assert within(site(), "")
    assert not within(site(addresses=[ip_network("0.0.0.0/0")]), "")


def test_hashes_of_passcodes_are_salted_and_the_file_takes_them() -> None:
    assert passcode_hash(b"open sesame") != HASH
    assert site(users={"a": HASH}).users == {"a": HASH}
