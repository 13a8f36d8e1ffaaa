"""What the validator can be told from outside."""

from shared.settings import StageSettings, StoreSettings


class Settings(StageSettings, StoreSettings):
    """A stage that reads the bucket `clean`, for large headers only."""
