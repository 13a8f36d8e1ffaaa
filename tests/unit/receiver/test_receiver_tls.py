"""TLS at the DICOM edge, with pynetdicom and dcmtk as clients (PS3.15 B.12)."""

import os
import re
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import UserIdentityNegotiation

from services.receiver import edge as edges
from services.receiver import tls
from services.receiver.crew.desk import Desk
from services.receiver.crew.listening import Listening
from services.receiver.edge import Edge
from services.receiver.handler import Answer, Arriving
from services.receiver.intake import Intake
from services.receiver.tls import SUITES, Files, identity_of
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landing, Spool
from services.receiver.upper.tls_wire import TlsWire
from services.receiver.upper.wire import Closed, Wire
from services.receiver.visits import Visits
from shared import followed, telemetry
from shared.dicom.statuses import SUCCESS
from shared.metrics.registry import counter, gauge
from shared.misconfigured import Misconfigured
from shared.sites import Site, Sites
from shared.sites.proofs import passcode_hash
from tests.support.authority import Authority, Holder, client
from tests.support.dicom import Rejections, send
from tests.support.generated import Item
from tests.support.waiting import until

CT, ECHO, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.1", "1.2.840.10008.1.2.1"
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Node:
    """An edge with TLS, and the certificates of two sites: `ours` is bound to SITE_A, `theirs` to SITE_B."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.server = self.authority.issue("server", ["127.0.0.1", "localhost"])
        self.ours, self.theirs = self.authority.issue("ours"), self.authority.issue("theirs")
        self.sites = Sites(sites=(self.site("a", self.ours), self.site("b", self.theirs)))
        self.stored: list[bytes] = []
        landing = partial(Landing, Spool(folder, Disk(folder, 0)), 2**20, Budget(2**24))
        visits = Visits("association", lambda account: None)
        self.edge = Edge(lambda: self.sites, Intake(self._receive), Desk(9), visits, landing)
        self.listening: list[Listening] = []

    def site(self, letter: str, holder: Holder, **fields: Any) -> Site:
        titles = frozenset({f"SITE_{letter.upper()}"})
        certificates = frozenset({holder.fingerprint})
        return Site(
            code=f"site-{letter}", project="demo", calling_ae_titles=titles, certificates=certificates, **fields
        )

    def start(self, files: Files | None = None) -> None:
        self.identity = tls.followed(files or self.server.files())
        self.listen(partial(self.edge.take, secure=self.identity.now))

    def listen(self, take: Callable[[socket.socket], None]) -> None:
        self.listening.append(Listening("127.0.0.1", 0, take))
        self.port = self.listening[-1].port

    def close(self) -> None:
        for each in self.listening:
            each.close()
        self.edge.visits.drain(1.0)

    def _receive(self, arriving: Arriving, span: telemetry.Span) -> Answer:
        content = arriving.landed.content
        self.stored.append(bytes(content)[arriving.landed.front :])
        return Answer(SUCCESS)

    def associate(self, context: ssl.SSLContext | None, calling: str = "SITE_A", user: Any = None) -> Association:
        entity = AE(calling)
        entity.acse_timeout = entity.network_timeout = entity.connection_timeout = 30
        for sop_class in (ECHO, CT):
            entity.add_requested_context(sop_class, EXPLICIT)
        self.rejections = Rejections()
        return entity.associate(
            "127.0.0.1",
            self.port,
            evt_handlers=self.rejections.handlers,
            ext_neg=[user] if user else [],
            tls_args=(context, "localhost") if context else None,
        )


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    made.close()


def refused(site: str, reason: str) -> Callable[[], int]:
    """How many more associations were refused since, for that reason."""
    counted = counter("isocentre_receive_associations_total").labels(site, reason)._value
    before = counted.get()
    return lambda: int(counted.get() - before)


def rejected(node: Node, association: Association) -> tuple[int | None, int | None, int | None]:
    assert not association.is_established
    return node.rejections.code


def echo(association: Association) -> int:
    status = int(association.send_c_echo().Status)
    association.release()
    return status


# --- who comes in


@pytest.mark.parametrize("version", [V12, V13])
def test_who_shows_the_certificate_of_his_site_is_let_in(node: Node, version: ssl.TLSVersion) -> None:
    node.start()
    association = node.associate(node.ours.client(version))
    assert association.is_established
    spoken = association.dul.socket.socket.version()
    assert spoken == {V12: "TLSv1.2", V13: "TLSv1.3"}[version]
    assert echo(association) == SUCCESS
    expiry = gauge("isocentre_receive_certificate_expiry_seconds")
    assert expiry.labels("server", "")._value.get() == node.server.expires
    assert expiry.labels("client", "site-a")._value.get() == pytest.approx(node.ours.expires, abs=1)


def test_another_site_s_certificate_is_worth_nothing(node: Node) -> None:
    node.start()
    counted = refused("site-a", "certificate-refused")
    association = node.associate(node.theirs.client())
    assert rejected(node, association) == (1, 1, 3)
    assert counted() == 1


def test_a_site_with_certificates_is_not_let_in_without_tls(node: Node) -> None:
    node.listen(node.edge.take)
    counted = refused("site-a", "tls-required")
    assert rejected(node, node.associate(None)) == (1, 1, 3)
    assert counted() == 1


def test_without_a_certificate_there_is_no_tls(node: Node) -> None:
    node.start()
    counted = refused("unknown", "tls-failed")
    assert not node.associate(client(node.authority.trusted)).is_established
    until(lambda: counted() == 1, "counted", 30)


def test_an_expired_certificate_is_none(node: Node) -> None:
    node.start()
    counted = refused("unknown", "tls-failed")
    expired = node.authority.issue("expired", days=1, ago=timedelta(days=2))
    assert not node.associate(expired.client()).is_established
    until(lambda: counted() == 1, "counted", 30)


def test_a_certificate_of_a_foreign_authority_is_none(node: Node, tmp_path: Path) -> None:
    node.start()
    counted = refused("unknown", "tls-failed")
    foreign = Authority(tmp_path, "foreign").issue("foreign")
    foreign.trusted = node.authority.trusted
    assert not node.associate(foreign.client()).is_established
    until(lambda: counted() == 1, "counted", 30)


def test_a_revoked_certificate_is_none(node: Node) -> None:
    node.start(node.server.files(node.authority.revoked(node.theirs)))
    counted = refused("unknown", "tls-failed")
    assert not node.associate(node.theirs.client(), "SITE_B").is_established
    until(lambda: counted() == 1, "counted", 30)
    assert echo(node.associate(node.ours.client())) == SUCCESS


def test_who_speaks_no_tls_is_counted_and_hangs_nobody(node: Node) -> None:
    node.start()
    counted = refused("unknown", "tls-failed")
    assert not node.associate(None).is_established
    until(lambda: counted() == 1, "counted", 30)
    assert echo(node.associate(node.ours.client())) == SUCCESS


def test_who_resets_the_connection_is_no_fault_of_ours(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    node.start()
    for sent in (b"", b"\x16\x03\x01") * 20:
        with socket.create_connection(("127.0.0.1", node.port)) as connection:
            connection.sendall(sent)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: not node.edge.visits._present, "all are gone", 30)
    assert "unexpected" not in capsys.readouterr().out
    assert echo(node.associate(node.ours.client())) == SUCCESS


def test_a_connection_that_is_lost_at_once_is_closed(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket of TLS takes the descriptor over, and nobody has it yet."""

    def lost(*arguments: object) -> None:
        raise OSError

    made: list[ssl.SSLSocket] = []

    def kept(context: ssl.SSLContext, *arguments: Any, **named: Any) -> ssl.SSLSocket:
        made.append(wrap(context, *arguments, **named))
        return made[-1]

    wrap = ssl.SSLContext.wrap_socket
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", kept)
    monkeypatch.setattr(Wire, "__init__", lost)
    with pytest.raises(Closed):
        TlsWire(ours, identity_of(node.server.files()).mutual, 1.0)
    assert made[0].fileno() == -1
    theirs.close()


def test_a_handshake_that_does_not_go_on_ends_and_keeps_nobody_out(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edges, "ARTIM", 1.0)
    node.start()
    with socket.create_connection(("127.0.0.1", node.port)) as silent:
        until(lambda: len(node.edge.visits._present) == 1, "connected", 30)
        time.sleep(0.3)  # its time has begun
        monkeypatch.setattr(edges, "ARTIM", 30.0)
        assert echo(node.associate(node.ours.client())) == SUCCESS
        silent.settimeout(60)
        assert silent.recv(1) == b""


def test_a_silent_handshake_does_not_delay_the_end(node: Node) -> None:
    node.start()
    with socket.create_connection(("127.0.0.1", node.port)):
        until(lambda: len(node.edge.visits._present) == 1, "connected", 30)
        began = time.monotonic()
        node.edge.visits.drain(0.1)
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("version", [V12, V13])
@pytest.mark.parametrize("suites", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES256-GCM-SHA384"])
def test_no_other_suites_are_spoken(node: Node, version: ssl.TLSVersion, suites: str) -> None:
    """Of TLS 1.3 all are good; one that forces a suite of 1.2 has to find one of ours."""
    node.start()
    context = node.ours.client(version)
    context.set_ciphers(suites)
    assert node.associate(context).is_established is (version is V13)


def test_the_suites_are_those_of_the_profile() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(SUITES)
    assert sorted(suite["name"] for suite in context.get_ciphers()) == [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
    ]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_no_older_version_is_spoken(node: Node, version: ssl.TLSVersion) -> None:
    node.start()
    context = node.ours.client(version)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    assert not node.associate(context).is_established


@pytest.mark.parametrize("version", [V12, V13])
@pytest.mark.parametrize("size", [1, 16_384, 5_000_001])
def test_what_comes_is_what_was_sent(node: Node, version: ssl.TLSVersion, size: int) -> None:
    node.start()
    association = node.associate(node.ours.client(version))
    data_set = os.urandom(size)
    assert send(association, Item(CT, "1.2.3", data_set)) == SUCCESS
    association.release()
    assert node.stored == [data_set]


# --- users


def user(name: str, passcode: str = "", asks: bool = True) -> UserIdentityNegotiation:
    item = UserIdentityNegotiation()
    item.user_identity_type = 2 if passcode else 1
    item.primary_field = name.encode()
    item.positive_response_requested = asks
    if passcode:
        item.secondary_field = passcode.encode()
    return item


@pytest.mark.parametrize(("name", "passcode"), [("by-name", ""), ("Jörg", "geheim")])
def test_a_user_is_let_in_and_told_so_when_he_asks(node: Node, name: str, passcode: str) -> None:
    users = {"by-name": None, "Jörg": passcode_hash(b"geheim")}
    node.sites = Sites(sites=(node.site("a", node.ours, users=users),))
    node.start()
    for asks in (True, False):
        association = node.associate(node.ours.client(), user=user(name, passcode, asks))
        assert association.is_established
        answered = [item for item in association.acceptor.user_information if isinstance(item, UserIdentityNegotiation)]
        assert [item.server_response for item in answered] == ([b""] if asks else [])
        association.release()


def test_a_user_who_is_not_believed_is_rejected_as_the_standard_says(node: Node) -> None:
    node.sites = Sites(sites=(node.site("a", node.ours, users={"Jörg": passcode_hash(b"geheim")}),))
    node.start()
    for wrong in (user("Jörg", "falsch"), user("Jörg"), user("Anna", "geheim"), None):
        assert rejected(node, node.associate(node.ours.client(), user=wrong)) == (1, 2, 1)


# --- dcmtk


def dcmtk(command: str, port: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [command, "-d", "-aet", "SITE_A", "-aec", "ISOCENTRE", "127.0.0.1", str(port), *map(str, arguments)],
        env={**os.environ, "TCP_NODELAY": "1"},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )


def test_dcmtk_sends_by_its_strictest_profile(node: Node) -> None:
    """dcmtk 3.6.7 does not know the profile of B.12 yet (3.6.8 does): this is its extended BCP 195 profile (B.11).

    What it speaks then is TLS 1.2 or 1.3 with a suite that B.12 allows too.
    """
    node.start()
    file = get_testdata_file("CT_small.dcm", download=False)
    secure = ["+tls", node.ours.key, node.ours.certificate, "+cf", node.authority.trusted]
    said = dcmtk("storescu", node.port, "--profile-bcp195-ex", *secure, str(file))
    assert said.returncode == 0, said.stdout + said.stderr
    spoken = re.findall(r"(?:Protocol|Ciphersuite) *: *(\S+)", said.stdout + said.stderr)
    print("dcmtk, extended BCP 195 profile:", spoken)
    assert len(node.stored) == 1


def test_dcmtk_without_a_certificate_is_refused(node: Node) -> None:
    node.start()
    said = dcmtk("echoscu", node.port, "--anonymous-tls", "+cf", node.authority.trusted)
    assert said.returncode != 0


# --- exchange


def test_certificates_are_exchanged_without_a_restart(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "EVERY", 0.0)
    node.start()
    staying = node.associate(node.ours.client())
    first = staying.dul.socket.socket.getpeercert(binary_form=True)
    renewed = node.authority.issue("server", ["localhost"])
    node.identity.now()
    association = node.associate(node.ours.client())
    second = association.dul.socket.socket.getpeercert(binary_form=True)
    assert (first, second) == (der(node.server), der(renewed))
    assert echo(association) == echo(staying) == SUCCESS


def der(holder: Holder) -> bytes:
    return ssl.PEM_cert_to_DER_cert(holder.pair.certificate_pem)


def test_a_new_set_that_is_broken_leaves_the_old_one(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "EVERY", 0.0)
    node.start()
    node.server.key.write_text("no key")
    for _ in range(3):
        node.identity.now()
    assert gauge("isocentre_configuration_refused").labels("certificates")._value.get() == 1
    assert echo(node.associate(node.ours.client())) == SUCCESS


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda node: node.server.key.chmod(0o644), "open to others"),
        (lambda node: node.server.key.write_text(node.ours.key.read_text()), "KEY_VALUES_MISMATCH"),
        (lambda node: node.server.certificate.write_text("x"), "no certificate in PEM"),
        (lambda node: node.server.certificate.unlink(), "cannot be read"),
        (lambda node: node.authority.trusted.write_text("x"), "cannot be used"),
        (lambda node: node.authority.issue("server", days=1, ago=timedelta(days=2)), "not valid today"),
    ],
)
def test_files_that_cannot_be_used_are_named(node: Node, spoil: Callable[[Node], Any], says: str) -> None:
    spoil(node)
    with pytest.raises(Misconfigured, match=says):
        identity_of(node.server.files())


def test_a_key_with_an_open_mode_can_be_accepted(node: Node) -> None:
    node.server.key.chmod(0o644)
    assert identity_of(replace(node.server.files(), accept_open=True)).expires == node.server.expires


def test_a_reload_of_the_sites_counts_for_the_next_association(node: Node) -> None:
    node.start()
    staying = node.associate(node.ours.client())
    node.sites = Sites(sites=(node.site("a", node.ours, enabled=False),))
    assert rejected(node, node.associate(node.ours.client())) == (1, 1, 3)
    assert echo(staying) == SUCCESS
