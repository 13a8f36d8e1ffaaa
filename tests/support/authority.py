"""An authority for tests, and clients with its certificates."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from infra.ca import certificates
from infra.ca.certificates import Pair
from services.receiver.tls import Files


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder: Path, name: str = "test authority") -> None:
        self.folder = folder
        self.pair = certificates.new_authority(name)
        self.trusted = self._written(f"{name}.ca.pem", self.pair.certificate_pem)

    def issue(self, name: str, hosts: Sequence[str] = (), days: int = 30, ago: timedelta = timedelta(0)) -> "Holder":
        """A certificate that was issued so long ago; with `hosts` it can be a server's."""
        return self.keep(name, certificates.issue(self.pair, name, hosts, days, datetime.now(UTC) - ago))

    def keep(self, name: str, pair: Pair) -> "Holder":
        key = self._written(f"{name}.key", pair.key_pem)
        key.chmod(0o600)
        return Holder(self._written(f"{name}.pem", pair.certificate_pem), key, self.trusted, pair)

    def revoked(self, *holders: "Holder") -> Path:
        """The revocation list, with these certificates in it."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder(
            self.pair.certificate.subject, now - timedelta(hours=1), now + timedelta(days=1)
        )
        for holder in holders:
            number = holder.pair.certificate.serial_number
            entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now).build()
            builder = builder.add_revoked_certificate(entry)
        signed = builder.sign(self.pair.key, hashes.SHA256())
        return self._written("revoked.pem", signed.public_bytes(serialization.Encoding.PEM).decode())

    def _written(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path


class Holder:
    """Somebody with a certificate and its key."""

    def __init__(self, certificate: Path, key: Path, trusted: Path, pair: Pair) -> None:
        self.certificate, self.key, self.trusted, self.pair = certificate, key, trusted, pair

    @property
    def fingerprint(self) -> str:
        return certificates.fingerprint_of(self.pair.certificate)

    @property
    def expires(self) -> float:
        return self.pair.certificate.not_valid_after_utc.timestamp()

    def files(self, revoked: Path | None = None) -> Files:
        """What a receiver with this certificate takes."""
        return Files(self.certificate, self.key, self.trusted, revoked)

    def client(self, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        """A client that speaks this version of TLS only, and believes the same authority."""
        context = client(self.trusted, version)
        context.load_cert_chain(self.certificate, self.key)
        return context


def client(trusted: Path, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """A client without a certificate of its own."""
    context = ssl.create_default_context(cafile=str(trusted))
    context.minimum_version = context.maximum_version = version
    return context
