"""Settings of the anonymiser."""

from pathlib import Path

from pydantic import Field

from shared.settings import ProjectKeySettings, SitesSettings, StageSettings, StoreSettings


class Settings(StageSettings, StoreSettings, ProjectKeySettings, SitesSettings):
    """Read once, in `__main__`."""

    # Pixels take seconds where headers take milliseconds: in a small batch what is quick waits less for what is not.
    batch_size: int = Field(default=16, ge=1, description="Records handled and committed together at most.")
    profiles_dir: Path | None = Field(
        default=None, description="Folder of own de-identification profiles (YAML), beside the shipped ones."
    )
    pixel_workers: int = Field(
        default=1, ge=1, description="Processes that decode and read pixels; each takes a core and about 500 MB."
    )
    largest_object_mib: int = Field(
        default=1024, ge=1, description="Larger objects are held until a person retries them."
    )
    in_hand_mib: int = Field(
        default=2048, ge=1, description="Memory for objects in hand, three times their size; a larger one goes alone."
    )
