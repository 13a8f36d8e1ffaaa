"""The archives that may be fetched from, as an operator writes them down (YAML)."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from shared.misconfigured import Misconfigured
from shared.sites.declared import AeTitle, Declared, read_text, validated


class Tls(Declared):
    """Files in PEM; `certificate` and `key` where the archive asks who we are."""

    ca: Path
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Raises Misconfigured."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as failed:
            raise Misconfigured(f"TLS: {failed.strerror or failed}") from None
        return context


class _Dicom(Declared):
    ae_title: AeTitle = Field(description="Of the archive.")
    host: str
    port: int = Field(ge=1, le=65_535)
    calling: AeTitle = Field(description="The title that the archive knows us by.")
    tls: Tls | None = None
    seconds: float = Field(default=600, gt=0, description="Silence after which an answer is given up.")


class MoveSource(_Dicom):
    """C-MOVE: the archive sends to our receiver by itself."""

    mode: Literal["move"]
    destination: AeTitle = Field(description="The title that the archive knows our receiver's bulk title by.")


class GetSource(_Dicom):
    """C-GET: the archive sends to us, and we hand on."""

    mode: Literal["get"]


class WebSource(Declared):
    """QIDO-RS and WADO-RS."""

    mode: Literal["web"]
    url: str = Field(pattern="^https?://", description="Of the DICOMweb service, without /studies.")
    token_file: Path | None = Field(default=None, description="Holds the bearer token; mode 0600.")
    tls: Tls | None = None
    seconds: float = Field(default=600, gt=0, description="Silence after which an answer is given up.")


Source = MoveSource | GetSource | WebSource


class _File(Declared):
    sources: dict[str, Annotated[Source, Field(discriminator="mode")]]


def read_source(name: str, file: Path) -> Source:
    """The source of that name in the file, or the DICOMweb service at that address. Raises Misconfigured."""
    if name.startswith(("http://", "https://")):
        return WebSource(mode="web", url=name)
    known = validated(_File, read_text(file), file).sources
    if name not in known:
        raise Misconfigured(f"{file} knows no source {name}; it knows: {', '.join(sorted(known)) or 'none'}")
    return known[name]
