"""What the bookkeeper can be told from outside."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import DatabaseSettings, ServiceSettings, StoreSettings


class BookkeeperSettings(ServiceSettings, DatabaseSettings, StoreSettings):
    """A service that reads topics without a group, writes the identified zone's database, and holds it against all that
    can witness."""

    batch_size: int = Field(default=2000, ge=1, description="Records that are written in one transaction at most.")
    batch_seconds: float = Field(
        default=1.0, gt=0, le=20, description="Time for which records are gathered before they are written."
    )
    index_url: SecretStr = Field(description="The index's database, as a role that may read it.")
    accounts_dir: Path | None = Field(
        default=None, description="The receiver's folder of accounts; without it they are not asked."
    )
    reconcile_seconds: float = Field(
        default=300.0, gt=0, description="Between two reconciliations of the books without the listings of the store."
    )
    walk_seconds: float = Field(default=21600.0, gt=0, description="The same with them.")
