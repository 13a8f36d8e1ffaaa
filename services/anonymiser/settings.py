"""Settings of the anonymiser."""

from shared.settings import ProjectKeySettings, StageSettings, StoreSettings


class Settings(StageSettings, StoreSettings, ProjectKeySettings):
    """Read once, in `__main__`."""
