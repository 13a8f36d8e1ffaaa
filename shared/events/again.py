"""Records that a stage is to handle again: each is carried whole, as it lay in its topic, by an event of its own."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from shared.events.event import Event


class RawRecord(Event):
    """A record as it lay in its topic, and the stage that it was or is for. Nothing of it has been interpreted."""

    source_topic: str
    source_partition: int
    source_offset: int
    source_timestamp: datetime | None = Field(default=None, description="When the record was published.")
    stage: str
    record_key: str | None = None
    record_headers: dict[str, str] = Field(default_factory=dict)
    record_value: str | None = Field(
        default=None,
        description="Base64 of the record's value; absent when it has none. In a dead letter also when it was too "
        "large: read it at its coordinates.",
    )
    requeues: int = Field(default=0, ge=0, description="How often the record had been requeued when this was written.")
    site: str | None = Field(default=None, description="Its site and project, as they were counted on the clean side.")
    project: str | None = None

    def identity(self) -> tuple[str, ...]:
        again = (str(self.requeues),) if self.requeues else ()
        return (self.stage, self.source_topic, str(self.source_partition), str(self.source_offset), *again)

    def partition_key(self) -> str:
        return self.record_key or self.source_topic

    def subject(self) -> str:
        return f"{self.source_topic}/{self.source_partition}/{self.source_offset}"


class SetAside(RawRecord):
    """A record that `stage` handles again, or later. Other stages that read it skip it; handlers never see it."""

    letter: str | None = Field(
        default=None, description="The dead letter that it was; when it goes through, that letter is resolved."
    )
    reason: str | None = Field(default=None, description="Why it was set aside: the reason of its dead letter.")


class IdentifiedRequeued(SetAside):
    """Somebody wants a dead record of the identified zone handled again."""

    topic: ClassVar[str] = "identified.requeued"
    owner: ClassVar[str] = "operators"


class CleanRequeued(SetAside):
    """Somebody wants a dead record of the clean zone handled again."""

    topic: ClassVar[str] = "clean.requeued"
    owner: ClassVar[str] = "operators"


class Parked(SetAside):
    """A record that waits behind a brake; its stage reads it when the brake is released, or to probe."""

    times: int = Field(default=1, ge=1, description="How often it has been parked, with this time.")

    def identity(self) -> tuple[str, ...]:
        return (*super().identity(), f"parked {self.times}")


class IdentifiedParked(Parked):
    """Waits in the identified zone."""

    topic: ClassVar[str] = "identified.parked"
    owner: ClassVar[str] = "anonymiser"


class CleanParked(Parked):
    """Waits in the clean zone."""

    topic: ClassVar[str] = "clean.parked"
    owner: ClassVar[str] = "validator"
