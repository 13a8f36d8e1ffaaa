"""Dead letters: records that no code of ours could handle, with the record itself."""

from typing import ClassVar

from pydantic import Field

from shared.events.event import Event


class DeadLetter(Event):
    """A record that its stage could not handle. No message text: the trace and the log tell more."""

    source_topic: str
    source_partition: int
    source_offset: int
    stage: str
    release: str = Field(description="Version of the service that gave up.")
    reason: str
    error: str | None = Field(default=None, description="Class name of the exception; never its text.")
    attempts: int
    trace_id: str | None = None
    record_key: str | None = None
    record_headers: dict[str, str] = Field(default_factory=dict)
    record_value: str | None = Field(
        default=None, description="Base64 of the record's value; absent when too large: read it at its coordinates."
    )

    def identity(self) -> tuple[str, ...]:
        return (self.stage, self.source_topic, str(self.source_partition), str(self.source_offset))

    def partition_key(self) -> str:
        return self.record_key or self.source_topic

    def subject(self) -> str:
        return f"{self.source_topic}/{self.source_partition}/{self.source_offset}"


class IdentifiedDeadLetter(DeadLetter):
    """From a stage that reads the identified zone; it stays there."""

    topic: ClassVar[str] = "identified.dead-letter"
    owner: ClassVar[str] = "anonymiser"


class CleanDeadLetter(DeadLetter):
    """From a stage that reads the clean zone."""

    topic: ClassVar[str] = "clean.dead-letter"
    owner: ClassVar[str] = "validator"
