"""Settings of the receiver."""

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from services.receiver.tls import Files
from shared.misconfigured import Misconfigured
from shared.settings import ProjectKeySettings, ServiceSettings, SitesSettings, StoreSettings


class Settings(ServiceSettings, StoreSettings, ProjectKeySettings, SitesSettings):
    """Read once, in `__main__`."""

    dicom_host: str = Field(default="127.0.0.1", description="Address on which associations are accepted.")
    dicom_port: int | None = Field(
        description="Port on which associations without TLS are accepted, or `none`: TLS_PORT alone."
    )
    tls_port: int | None = Field(default=None, description="Port on which associations with TLS are; needs its files.")
    tls_certificate_file: Path | None = Field(default=None, description="PEM: our certificate, and its chain.")
    tls_key_file: Path | None = Field(default=None, description="PEM: the key of it, mode 0600, without a passphrase.")
    tls_ca_file: Path | None = Field(default=None, description="PEM: whoever may issue the certificates of clients.")
    tls_crl_file: Path | None = Field(
        default=None, description="PEM: revocation lists of all of these, when there are."
    )
    http_host: str = Field(default="127.0.0.1", description="Address on which STOW-RS requests are accepted.")
    http_port: int | None = Field(default=None, description="Port on which they are without TLS: behind a proxy, say.")
    https_port: int | None = Field(default=None, description="Port on which they are with TLS, as who TLS_… says.")
    stow_part_mib: int = Field(default=16384, ge=1, description="Largest instance, or bulk data, of such a request.")
    stow_request_mib: int = Field(default=65536, ge=1, description="Largest such request.")
    stow_metadata_mib: int = Field(default=8, ge=1, description="Most metadata (JSON, XML) in such a request.")
    state_dir: Path = Field(
        description="Folder of the view of what was received, mark of an unclean end, open commitments and accounts."
    )
    workers: int = Field(default=2, ge=1, description="Processes that receive.")
    associations: int = Field(default=64, ge=1, description="Associations open at the same time at most.")
    share_of_site: float = Field(
        default=0.75, gt=0, le=1, description="Of these, what one site may have unless the sites file says a number."
    )
    live_burst: int = Field(
        default=500, ge=1, description="Instances of a site in the live lane at once; more goes on in bulk."
    )
    live_per_second: float = Field(default=10.0, gt=0, description="The same a second, for as long as it likes.")
    in_memory_mib: int = Field(default=16, ge=1, description="Larger data sets go on in a file of the spool.")
    memory_mib: int = Field(default=512, ge=1, description="Memory for data sets on their way, of all associations.")
    spool_dir: Path | None = Field(default=None, description="Folder for large data sets; in STATE_DIR unless given.")
    reserve_mib: int = Field(
        default=1024, ge=0, description="Left free on spool's and store's disks: 0xA700 before they are full."
    )
    publish_timeout: float = Field(default=5.0, gt=0, description="Seconds until an unacknowledged event is refused.")
    drain_seconds: float = Field(default=5.0, ge=0, description="Seconds that open associations get to end.")
    sweep_seconds: float = Field(default=600.0, gt=0, description="Pause between looks for what was never published.")
    sweep_grace_seconds: float = Field(
        default=120.0, ge=0, description="Age from which a raw object without an event counts as never published."
    )
    accept_volatile_store: bool = Field(
        default=False, description="Say yes although the store may lose objects in a power cut (see README)."
    )

    @property
    def docket(self) -> Path:
        """Requests for storage commitment that have not come to their end."""
        return self.state_dir / "commitments.sqlite"

    @property
    def spool(self) -> Path:
        """Where large data sets go on."""
        return self.spool_dir or self.state_dir / "spool"

    @field_validator("dicom_port", mode="before")
    @classmethod
    def _port_or_none(cls, value: object) -> object:
        return None if value == "none" else value

    @model_validator(mode="after")
    def _some_port(self) -> Self:
        if not self.doors:
            raise ValueError("no port is given: nobody could come in")
        return self

    @property
    def has_tls(self) -> bool:
        """Whether TLS is spoken on any port."""
        return self.tls_port is not None or self.https_port is not None

    def tls_files(self) -> Files:
        """What TLS takes. Raises Misconfigured when a file is not named."""
        certificate, key, trusted = self.tls_certificate_file, self.tls_key_file, self.tls_ca_file
        if certificate is None or key is None or trusted is None:
            raise Misconfigured("TLS takes ISOCENTRE_TLS_CERTIFICATE_FILE, _TLS_KEY_FILE and _TLS_CA_FILE")
        return Files(certificate, key, trusted, self.tls_crl_file, self.accept_open_files)

    @property
    def doors(self) -> list[tuple[str, str, int]]:
        """Where connections come in: their kind, address and port."""
        all_kinds = (
            ("dicom", self.dicom_host, self.dicom_port),
            ("dicom-tls", self.dicom_host, self.tls_port),
            ("http", self.http_host, self.http_port),
            ("https", self.http_host, self.https_port),
        )
        return [(kind, host, port) for kind, host, port in all_kinds if port is not None]
