"""The authority's folder: ca.pem and ca.key, and the same of each name that it has issued a certificate for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from infra.ca import certificates
from infra.ca.certificates import Pair
from infra.keys.files import write_new
from shared.misconfigured import Misconfigured
from shared.private_file import read_private

AUTHORITY = "ca"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Shown:
    """A certificate of the folder, for people."""

    name: str
    fingerprint: str
    expires: datetime


class Folder:
    """The files of one authority. Nothing is ever overwritten. Raises Misconfigured."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, name: str) -> Shown:
        """Make the authority, and the folder."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._keep(AUTHORITY, certificates.new_authority(name))

    def issue(self, name: str, hosts: Sequence[str], days: int) -> Shown:
        """Make a key and a certificate; `hosts` where somebody connects to it."""
        if name == AUTHORITY or not _NAME.fullmatch(name):
            raise Misconfigured("a name has letters, digits, dots, hyphens and underscores, and is not `ca`")
        return self._keep(name, certificates.issue(self._authority(), name, hosts, days))

    def certificate(self, name: str) -> Path:
        """The file with a certificate."""
        return self.path / f"{name}.pem"

    def key(self, name: str) -> Path:
        """The file with its key."""
        return self.path / f"{name}.key"

    def shown(self) -> Iterator[Shown]:
        """All certificates, the authority's first."""
        names = sorted(path.stem for path in self.path.glob("*.pem"))
        for name in sorted(names, key=lambda name: name != AUTHORITY):
            yield _shown(name, x509.load_pem_x509_certificate(self.certificate(name).read_bytes()))

    def _authority(self) -> Pair:
        try:
            return certificates.parse(
                self.certificate(AUTHORITY).read_text(encoding="ascii"), read_private(self.key(AUTHORITY))
            )
        except (OSError, ValueError) as failed:
            told = failed if isinstance(failed, Misconfigured) else "isocentre ca init makes one"
            raise Misconfigured(f"there is no authority in {self.path}: {told}") from None

    def _keep(self, name: str, pair: Pair) -> Shown:
        write_new(self.key(name), pair.key_pem)
        write_new(self.certificate(name), pair.certificate_pem)
        self.certificate(name).chmod(0o644)
        return _shown(name, pair.certificate)


def _shown(name: str, certificate: x509.Certificate) -> Shown:
    return Shown(name, certificates.fingerprint_of(certificate), certificate.not_valid_after_utc)
