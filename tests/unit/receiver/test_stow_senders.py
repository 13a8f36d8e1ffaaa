"""Who sends, and what he asks for, by a request's head alone."""

from hashlib import sha256
from http import HTTPStatus
from typing import Any

import pytest

from services.receiver.stow.demand import demand, target
from services.receiver.stow.exchange import Request
from services.receiver.stow.refusal import Refusal
from services.receiver.stow.senders import Sender, site_of
from shared.sites import Site, Sites


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


CERTIFICATE, OTHER = digest("certificate"), digest("other")


def site(code: str, **more: Any) -> Site:
    return Site.model_validate({"code": code, "project": "demo"} | more)


SITES = Sites(
    sites=(
        site("plain", calling_ae_titles=["A"]),
        site("token", tokens=[digest("t1")]),
        site("closed", tokens=[digest("t2")], enabled=False),
        site("near", tokens=[digest("t3")], addresses=["192.0.2.0/24", "2001:db8::/32"]),
        site("certified", certificates=[CERTIFICATE]),
        site("both", tokens=[digest("t4")], certificates=[digest("another")]),
        site("users", tokens=[digest("t5")], users={"u": None}),
        site("all", tokens=[digest("t6")], users={"u": None}, certificates=[digest("third")]),
        site("twice", tokens=[digest("t7")], users={"u": None}),
        site("twice", tokens=[digest("t7")], addresses=["192.0.2.0/24"]),
    )
)


@pytest.mark.parametrize(
    ("authorization", "sender", "code"),
    [
        ("Bearer t1", Sender("198.51.100.1"), "token"),
        ("bearer  t1 ", Sender("198.51.100.1"), "token"),
        ("Bearer t3", Sender("192.0.2.7"), "near"),
        ("Bearer t3", Sender("::ffff:192.0.2.7"), "near"),
        ("Bearer t3", Sender("2001:db8::1%eth0"), "near"),
        ("", Sender("198.51.100.1", CERTIFICATE, tls=True), "certified"),
        ("Bearer t4", Sender("198.51.100.1", digest("another"), tls=True), "both"),
        ("Bearer t5", Sender("198.51.100.1", tls=True), "users"),
        ("Bearer t6", Sender("198.51.100.1", digest("third"), tls=True), "all"),
        ("Bearer t7", Sender("192.0.2.7"), "twice"),
    ],
)
def test_a_token_or_a_certificate_tells_the_site(authorization: str, sender: Sender, code: str) -> None:
    assert site_of(SITES, authorization, sender).code == code


@pytest.mark.parametrize(
    ("authorization", "sender", "status"),
    [
        ("", Sender("192.0.2.7"), 401),
        ("Bearer", Sender("192.0.2.7"), 401),
        ("Bearer ", Sender("192.0.2.7"), 401),
        ("Bearer wrong", Sender("192.0.2.7"), 401),
        (f"Bearer {digest('t1')}", Sender("192.0.2.7"), 401),
        ("Basic t1", Sender("192.0.2.7"), 401),
        ("", Sender("192.0.2.7", OTHER, tls=True), 401),
        ("Bearer t2", Sender("192.0.2.7"), 403),
        ("Bearer t3", Sender("198.51.100.1"), 403),
        ("Bearer t4", Sender("192.0.2.7"), 403),
        ("Bearer t4", Sender("192.0.2.7", CERTIFICATE, tls=True), 403),
        ("Bearer t5", Sender("192.0.2.7"), 403),
        ("", Sender("192.0.2.7", digest("third"), tls=True), 403),
        ("Bearer t6", Sender("192.0.2.7", tls=True), 403),
        ("Bearer t7", Sender("198.51.100.1"), 403),
    ],
)
def test_others_are_refused(authorization: str, sender: Sender, status: int) -> None:
    sites = Sites(sites=tuple(one for one in SITES.sites if status == 401 or one.code != "certified"))
    with pytest.raises(Refusal) as refused:
        site_of(sites, authorization, sender)
    assert refused.value.status == status
    assert (status == 401) is any(name == "WWW-Authenticate" for name, _ in refused.value.headers)


def head(**headers: str) -> Request:
    return Request("POST", "/studies", {name.replace("_", "-"): value for name, value in headers.items()})


RELATED = 'multipart/related; type="application/dicom"; boundary="b"'


@pytest.mark.parametrize(
    ("path", "study"), [("/studies", None), ("/studies/", None), ("/studies?a=b", None), ("/studies/1.2.3", "1.2.3")]
)
def test_a_path_may_name_a_study(path: str, study: str | None) -> None:
    assert target(Request("POST", path, {})) == study


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/", 404),
        ("POST", "/studies/x", 404),
        ("POST", "/studies/1.2/series", 404),
        ("POST", f"/studies/{'1' * 65}", 404),
        ("GET", "/studies", 405),
        ("PUT", "/studies/1.2", 405),
        ("OPTIONS", "/studies", 204),
    ],
)
def test_other_targets_are_answered_at_once(method: str, path: str, status: int) -> None:
    with pytest.raises(Refusal) as refused:
        target(Request(method, path, {}))
    assert refused.value.status == status
    assert (status != 404) is (("Allow", "POST, OPTIONS") in refused.value.headers)


@pytest.mark.parametrize(
    ("content_type", "part_type", "boundary"),
    [
        (RELATED, "application/dicom", "b"),
        ("Multipart/Related; boundary=b", "application/dicom", "b"),
        ("multipart/related; type=application/dicom+xml; boundary=b", "application/dicom+xml", "b"),
        ("application/dicom", "application/dicom", None),
        ("application/dicom+json; charset=utf-8", "application/dicom+json", None),
    ],
)
def test_reads_what_parts_there_are(content_type: str, part_type: str, boundary: str | None) -> None:
    found = demand(head(content_type=content_type), None, 1)
    assert (found.part_type, found.boundary) == (part_type, boundary)


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        ("", "application/dicom+json"),
        ("*/*", "application/dicom+json"),
        ("application/dicom+xml", "application/dicom+xml"),
        ("application/dicom+json;q=0.1, application/dicom+xml", "application/dicom+xml"),
        ("application/json", "application/json"),
    ],
)
def test_answers_in_what_is_accepted(accept: str, answer: str) -> None:
    assert demand(head(content_type=RELATED, accept=accept), None, 1).answer_type == answer


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 415),
        ({"content_type": "multipart/form-data; boundary=b"}, 415),
        ({"content_type": 'multipart/related; type="image/jpeg"; boundary=b'}, 415),
        ({"content_type": RELATED, "content_encoding": "gzip"}, 415),
        ({"content_type": RELATED, "content_length": "101"}, 413),
        ({"content_type": RELATED, "accept": "text/html"}, 406),
        ({"content_type": RELATED, "isocentre_lane": "fast"}, 400),
    ],
)
def test_what_cannot_be_is_refused_by_the_head(headers: dict[str, str], status: int) -> None:
    with pytest.raises(Refusal) as refused:
        demand(head(**headers), None, 100)
    assert refused.value.status == HTTPStatus(status)


def test_the_lane_is_live_unless_asked_for() -> None:
    assert demand(head(content_type=RELATED), None, 1).lane == "live"
    assert demand(head(content_type=RELATED, isocentre_lane="Bulk"), None, 1).lane == "bulk"
