"""Settings of the anonymiser."""

from shared.settings import ProjectKeySettings, SitesSettings, StageSettings, StoreSettings


class Settings(StageSettings, StoreSettings, ProjectKeySettings, SitesSettings):
    """Read once, in `__main__`."""
