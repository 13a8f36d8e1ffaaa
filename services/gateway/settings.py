"""Settings of the gateway."""

from pydantic import Field

from shared.settings import DatabaseSettings, ServiceSettings, StoreSettings


class Settings(ServiceSettings, StoreSettings, DatabaseSettings):
    """Read once, in `__main__`. Role and user need to read and no more."""

    http_host: str = Field(default="127.0.0.1", description="Address on which DICOMweb and the console are served.")
    http_port: int = Field(description="Port on which they are served.")
    drain_seconds: int = Field(default=5, ge=0, description="Seconds that answers under way get to end.")
