"""Settings that services share. Each service subclasses these once; only its `__main__` reads them."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.dicom.keys import KeyRing
from shared.events.lanes import Lane
from shared.kafka.log import GroupProtocol, LostOffsets
from shared.kafka.shares import SHARES
from shared.misconfigured import Misconfigured
from shared.private_file import read_private
from shared.runner.brake.policy import Policy, WaitsFor

MIB = 1024 * 1024
"""Bytes; sizes of settings are in these."""


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
    """Access to the object store: through its S3 server as this service's own user, or to the files that one serves."""

    model_config = SettingsConfigDict(env_prefix="ISOCENTRE_", frozen=True, extra="ignore", hide_input_in_errors=True)

    store_tree: Path | None = Field(
        default=None,
        description="Folder that versitygw on this host serves; instead of what begins with S3_. Or, beside that, a"
        " folder with some of its buckets.",
    )
    s3_endpoint: str | None = Field(default=None, description="Base URL of the S3 server.")
    s3_access_key: str | None = Field(default=None, description="This service's user.")
    s3_secret_key: SecretStr | None = Field(default=None, description="That user's secret.")


class DatabaseSettings(BaseSettings):
    """Access to PostgreSQL as this service's own role."""

    model_config = SettingsConfigDict(env_prefix="ISOCENTRE_", frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: SecretStr = Field(description="postgresql://role:password@host:port/database")


class StageSettings(ServiceSettings):
    """What a stage (a service that reads topics) can be told beyond that."""

    batch_size: int = Field(default=64, ge=1, description="Records handled and committed together at most.")
    lost_offsets: LostOffsets = Field(
        default="stop", description="Where to go on in a log that lost records which were read: stop, beginning or end."
    )
    group_protocol: GroupProtocol = Field(
        default="classic", description="How workers share partitions: classic, or consumer (KIP-848)."
    )
    bulk_share: float = Field(
        default=SHARES["bulk"],
        gt=0,
        lt=0.5,
        description="Of its time, for what came in bulk, while there is anything live.",
    )
    rerun_share: float = Field(
        default=SHARES["rerun"], gt=0, lt=0.5, description="The same for what goes through once more."
    )
    concurrency: int = Field(default=4, ge=1, description="Records handled at the same time.")
    state_dir: Path | None = Field(
        default=None, description="Folder in which each worker notes what it has in hand, for the one after it."
    )
    record_seconds: float = Field(
        default=900.0, gt=0, description="Time for one record; a worker that takes longer hangs, and is ended."
    )

    brake_floor: int = Field(
        default=100,
        ge=0,
        description="Records of one site that fail for one reason before the stage may stop for it; 0: it never does.",
    )
    brake_window: int = Field(default=200, ge=1, description="Newest records of a site among which these are counted.")
    brake_policy: WaitsFor = Field(
        default="probe", description="What a stage that has stopped waits for: a person, or that a probe goes well."
    )
    brake_probe_seconds: float = Field(
        default=60.0, gt=0, description="Until the first probe; each that fails doubles it, up to an hour."
    )

    @property
    def brake(self) -> Policy:
        """When it stops by itself, and for how long. Raises Misconfigured."""
        if self.brake_floor > self.brake_window:
            raise Misconfigured("ISOCENTRE_BRAKE_FLOOR is above ISOCENTRE_BRAKE_WINDOW")
        pause = timedelta(seconds=self.brake_probe_seconds)
        return Policy(self.brake_floor, self.brake_window, self.brake_policy, pause)

    @property
    def shares(self) -> dict[Lane, float]:
        """The least part of its time that each lane gets which gives way to what is live."""
        return {"bulk": self.bulk_share, "rerun": self.rerun_share}


class ProjectKeySettings(BaseSettings):
    """The identified zone's secret: a file, or the environment."""

    model_config = SettingsConfigDict(
        env_prefix="ISOCENTRE_", frozen=True, extra="ignore", hide_input_in_errors=True, populate_by_name=True
    )

    project_key_file: Path | None = Field(
        default=None, description="File with the project's key ring, or a key of 64 hexadecimal digits; mode 0600."
    )
    project_key_text: SecretStr | None = Field(
        default=None, validation_alias="ISOCENTRE_PROJECT_KEY", description="The same in the environment."
    )
    accept_open_files: bool = Field(
        default=False, description="Read them although others may: a container engine mounted them with its own mode."
    )

    def key_ring(self) -> KeyRing:
        """The project's keys. Raises Misconfigured when there is not exactly one place that holds them."""
        if (self.project_key_file is None) is (self.project_key_text is None):
            raise Misconfigured("set either ISOCENTRE_PROJECT_KEY_FILE or ISOCENTRE_PROJECT_KEY")
        if self.project_key_text is not None:
            return KeyRing.parse(self.project_key_text.get_secret_value())
        assert self.project_key_file is not None
        return KeyRing.parse(read_private(self.project_key_file, accept_open=self.accept_open_files))


class SitesSettings(BaseSettings):
    """Who sends to this node."""

    model_config = SettingsConfigDict(env_prefix="ISOCENTRE_", frozen=True, extra="ignore", hide_input_in_errors=True)

    sites_file: Path = Field(description="YAML file of the sites that may send, and of how their patients are coded.")
