"""What the indexer can be told from outside."""

from pydantic import Field

from shared.settings import DatabaseSettings, StageSettings, StoreSettings


class IndexerSettings(StageSettings, StoreSettings, DatabaseSettings):
    """A stage that writes the database and reads the bucket `clean`, for large headers only."""

    batch_size: int = Field(default=256, ge=1, description="Records written in one database transaction at most.")
