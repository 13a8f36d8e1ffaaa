"""What the tracker can be told from outside."""

from pydantic import Field

from shared.settings import ServiceSettings


class TrackerSettings(ServiceSettings):
    """Brokers, health, and the pace of what it says."""

    update_interval_seconds: float = Field(
        default=1.0, ge=0, description="Least time between two updates of one study, and two counts of one site."
    )
    quiet_seconds: float = Field(
        default=10.0, gt=0, description="Time without anything new after which a study counts as complete."
    )
    patience_seconds: float = Field(
        default=60.0, gt=0, description="The same while instances of the study are known that have not come through."
    )
