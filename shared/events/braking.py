"""Brakes: a stage says for which site it has stopped and why, and a person says that it shall go on."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.audit import Ground
from shared.events.event import Event

WHOLE_STAGE = "*"
"""In the place of a site: the stage has stopped for all of them."""

Ended = Literal["released", "vanished"]
"""`released`: by a person. `vanished`: probes went well, so the cause has gone."""


class BrakeChanged(Event):
    """The brake of a stage on a site, as it is from now on. A state: the newest one of stage and site counts."""

    stage: str
    site: str = Field(description="The site's code; `*`: the stage has stopped for all sites.")
    brake: str = Field(description="Id of this braking, which a release names.")
    on: bool = Field(description="Whether what comes of this site is parked, or nothing is taken at all (`*`).")
    reason: str = Field(description="Reason code of the rejections, quarantines or dead letters that tripped it.")
    failed: int = Field(ge=0, description="How many records of the window had that reason.")
    window: int = Field(ge=1, description="Records of the window.")
    ordinary: float = Field(ge=0, le=1, description="The share that was to be expected, from before the window.")
    tripped_at: datetime
    changed_at: datetime
    probes: int = Field(default=0, ge=0, description="Probes that failed.")
    next_probe_at: datetime | None = Field(default=None, description="Absent: it waits for a person.")
    ended: Ended | None = Field(default=None, description="How it ended, when it is off.")
    known: dict[str, float] = Field(
        default_factory=dict,
        description="By reason, the share that is ordinary here since a person released it as that.",
    )

    @property
    def share(self) -> float:
        """Of the window, what failed."""
        return self.failed / self.window

    def identity(self) -> tuple[str, ...]:
        return (self.brake, str(self.on), str(self.probes))

    def partition_key(self) -> str:
        return f"{self.stage}/{self.site}"

    def subject(self) -> str:
        return self.partition_key()


class IdentifiedBrakeChanged(BrakeChanged):
    """Of a stage that reads the identified zone."""

    topic: ClassVar[str] = "identified.brake.changed"
    owner: ClassVar[str] = "anonymiser"


class CleanBrakeChanged(BrakeChanged):
    """Of a stage that reads the clean zone."""

    topic: ClassVar[str] = "clean.brake.changed"
    owner: ClassVar[str] = "validator"


class BrakeReleased(Event):
    """A person lets a stage go on. Who, the audit says."""

    stage: str
    site: str = Field(description="As in the brake that is released.")
    brake: str = Field(description="Id of the braking that is released; a later one is not.")
    ground: Ground = Field(
        description="`rules-changed`, `cause-gone`: what was wrong has been mended, and the same share again brakes "
        "again. Any other: this share is ordinary here from now on."
    )

    def identity(self) -> tuple[str, ...]:
        return (self.brake,)

    def partition_key(self) -> str:
        return f"{self.stage}/{self.site}"

    def subject(self) -> str:
        return self.partition_key()


class IdentifiedBrakeReleased(BrakeReleased):
    """For a stage that reads the identified zone."""

    topic: ClassVar[str] = "identified.brake.released"
    owner: ClassVar[str] = "operators"


class CleanBrakeReleased(BrakeReleased):
    """For a stage that reads the clean zone."""

    topic: ClassVar[str] = "clean.brake.released"
    owner: ClassVar[str] = "operators"
