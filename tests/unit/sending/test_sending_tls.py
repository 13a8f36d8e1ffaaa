"""Over TLS: whom we trust, and who we are."""

from __future__ import annotations

import io
import ssl
import subprocess
from pathlib import Path

import pytest

from infra.sending.association import Peer, Storing
from infra.sending.way import Away, Instance, NotLetIn
from tests.support.storage_peer import storage_peer

ONE = Instance("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.1")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def authority(folder: Path, name: str) -> None:
    subject = ["-subj", f"/CN={name}", "-days", "2", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl(folder, "req", "-x509", *subject, "-keyout", f"{name}.key", "-out", f"{name}.pem")


def certificate(folder: Path, name: str, ca: str) -> None:
    subject = ["-subj", f"/CN={name}", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl(folder, "req", *subject, "-keyout", f"{name}.key", "-out", f"{name}.csr")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signed = ["-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ca", "other"):
        authority(folder, name)
    for name in ("server", "client"):
        certificate(folder, name, "ca")
    return folder


def server_side(made: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=made / "ca.pem")
    context.load_cert_chain(made / "server.pem", made / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


V2, V3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def client_side(made: Path, ca: str, *, certified: bool = True, version: ssl.TLSVersion = V3) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=made / f"{ca}.pem")
    context.maximum_version = version
    if certified:
        context.load_cert_chain(made / "client.pem", made / "client.key")
    return context


def test_who_is_certified_and_trusts_gets_through(made: Path) -> None:
    with storage_peer(tls=server_side(made)) as peer:
        way = Storing(Peer("127.0.0.1", peer.port, "BULK", "US", client_side(made, "ca")))
        way.prepare([ONE.context])
        assert way.store(ONE, io.BytesIO(bytes(300_000))) == 0
        way.close()
    assert [got.data_set for got in peer.got] == [bytes(300_000)]


def test_a_receiver_of_another_authority_is_not_sent_anything(made: Path) -> None:
    with storage_peer(tls=server_side(made)) as peer:
        way = Storing(Peer("127.0.0.1", peer.port, "BULK", "US", client_side(made, "other")))
        with pytest.raises(NotLetIn, match="TLS"):
            way.prepare([ONE.context])
    assert peer.got == []


@pytest.mark.parametrize("version", [V2, V3])
def test_who_is_not_certified_does_not_get_through(made: Path, version: ssl.TLSVersion) -> None:
    """With TLS 1.3 a reset may overtake the alert that says why."""
    with storage_peer(tls=server_side(made)) as peer:
        way = Storing(
            Peer("127.0.0.1", peer.port, "BULK", "US", client_side(made, "ca", certified=False, version=version))
        )
        with pytest.raises((NotLetIn, Away)):
            way.prepare([ONE.context])
    assert peer.got == []
