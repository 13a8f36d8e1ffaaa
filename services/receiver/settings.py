"""Settings of the receiver."""

from pathlib import Path

from pydantic import Field

from shared.settings import ProjectKeySettings, ServiceSettings, SitesSettings, StoreSettings


class Settings(ServiceSettings, StoreSettings, ProjectKeySettings, SitesSettings):
    """Read once, in `__main__`."""

    dicom_host: str = Field(default="127.0.0.1", description="Address on which associations are accepted.")
    dicom_port: int = Field(description="Port on which associations are accepted.")
    state_dir: Path = Field(description="Folder of the view of what has been received, and of requests that are open.")
    workers: int = Field(default=2, ge=1, description="Processes that receive.")
    associations: int = Field(default=64, ge=1, description="Associations open at the same time at most.")
    share_of_site: float = Field(
        default=0.75, gt=0, le=1, description="Of these, what one site may have unless the sites file says a number."
    )
    in_memory_mib: int = Field(default=16, ge=1, description="Larger data sets go on in a file of the spool.")
    memory_mib: int = Field(default=512, ge=1, description="Memory for data sets on their way, of all associations.")
    spool_dir: Path | None = Field(default=None, description="Folder for large data sets; in STATE_DIR unless given.")
    publish_timeout: float = Field(default=5.0, gt=0, description="Seconds until an unacknowledged event is refused.")
    drain_seconds: float = Field(default=5.0, ge=0, description="Seconds that open associations get to end.")
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
