"""Settings that services share. Each service subclasses these once; only its `__main__` reads them."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """What every service needs to know. Read from ISOCENTRE_… environment variables."""

    model_config = SettingsConfigDict(env_prefix="ISOCENTRE_", frozen=True, extra="ignore", hide_input_in_errors=True)

    kafka_bootstrap_servers: str = Field(description="Brokers to start from, host:port, comma separated.")
    health_port: int = Field(description="Port of /livez, /readyz and /metrics.")
    health_host: str = Field(default="127.0.0.1", description="Address on which they are served.")
    instance: str = Field(
        default="0", description="Stable name of this worker among those of its service: it fences its own zombies."
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    trace_store_url: str | None = Field(default=None, description="Base URL of a Zipkin server that gets our spans.")
    otlp_endpoint: str | None = Field(
        default=None,
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Base URL of an OTLP/HTTP receiver that gets our spans, under the name that OpenTelemetry gave it.",
    )


class StoreSettings(BaseSettings):
    """Access to the object store as this service's own user."""

    model_config = SettingsConfigDict(env_prefix="ISOCENTRE_", frozen=True, extra="ignore", hide_input_in_errors=True)

    s3_endpoint: str = Field(description="Base URL of the S3 server.")
    s3_access_key: str = Field(description="This service's user.")
    s3_secret_key: SecretStr = Field(description="That user's secret.")


class DatabaseSettings(BaseSettings):
    """Access to PostgreSQL as this service's own role."""

    model_config = SettingsConfigDict(env_prefix="ISOCENTRE_", frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: SecretStr = Field(description="postgresql://role:password@host:port/database")


class StageSettings(ServiceSettings):
    """What a stage (a service that reads topics) can be told beyond that."""

    batch_size: int = Field(default=64, ge=1, description="Records handled and committed together at most.")
    concurrency: int = Field(default=4, ge=1, description="Records handled at the same time.")


class ProjectKeySettings(BaseSettings):
    """The identified zone's secret."""

    model_config = SettingsConfigDict(env_prefix="ISOCENTRE_", frozen=True, extra="ignore", hide_input_in_errors=True)

    project_key_file: Path = Field(description="File with the project's key: 64 hexadecimal digits.")

    def project_key(self) -> bytes:
        """The key's 32 bytes. Raises ValueError when the file holds anything else."""
        key = bytes.fromhex(self.project_key_file.read_text(encoding="ascii").strip())
        if len(key) != 32:
            raise ValueError("the project key must be 64 hexadecimal digits")
        return key
