"""What the bookkeeper can be told from outside."""

from pydantic import Field

from shared.settings import DatabaseSettings, ServiceSettings


class BookkeeperSettings(ServiceSettings, DatabaseSettings):
    """A service that reads topics without a group and writes the identified zone's database."""

    batch_size: int = Field(default=2000, ge=1, description="Records that are written in one transaction at most.")
    batch_seconds: float = Field(
        default=1.0, gt=0, le=20, description="Time for which records are gathered before they are written."
    )
