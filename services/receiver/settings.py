"""Settings of the receiver."""

from pathlib import Path

from pydantic import Field

from shared.settings import ProjectKeySettings, ServiceSettings, SitesSettings, StoreSettings


class Settings(ServiceSettings, StoreSettings, ProjectKeySettings, SitesSettings):
    """Read once, in `__main__`."""

    dicom_host: str = Field(default="127.0.0.1", description="Address on which associations are accepted.")
    dicom_port: int = Field(description="Port on which associations are accepted.")
    state_dir: Path = Field(description="Folder of the view of what has been received; may be thrown away.")
    associations: int = Field(default=32, ge=1, description="Associations open at the same time at most.")
    in_memory_mib: int = Field(default=16, ge=1, description="Larger data sets go on in a file of the spool.")
    memory_mib: int = Field(default=512, ge=1, description="Memory for data sets on their way, of all associations.")
    spool_dir: Path | None = Field(default=None, description="Folder for large data sets; in STATE_DIR unless given.")
    reserve_mib: int = Field(default=1024, ge=0, description="Left free on the spool's disk: 0xA700 before it is full.")
    publish_timeout: float = Field(default=5.0, gt=0, description="Seconds until an unacknowledged event is refused.")
    drain_seconds: float = Field(default=5.0, ge=0, description="Seconds that open associations get to end.")
    accept_volatile_store: bool = Field(
        default=False, description="Say yes although the store may lose objects in a power cut (see README)."
    )
