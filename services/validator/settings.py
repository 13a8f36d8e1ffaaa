"""Settings of the validator."""

from shared.settings import StageSettings, StoreSettings


class Settings(StageSettings, StoreSettings):
    """Read once, in `__main__`. The store is read only for headers above 256 KiB."""
