"""Who did what: one topic in each zone, so that whoever operates the clean one alone needs no access to the other."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.event import Event

Ground = Literal[
    "false-positive",
    "checked-by-eye",
    "rules-changed",
    "cause-gone",
    "consent-withdrawn",
    "not-wanted",
    "retention-ended",
    "other",
]
"""Why. A choice, never free text: somebody would write a name into it."""


class Audit(Event):
    """Somebody did something with what a zone holds. Names no patient and no value."""

    audit_id: str = Field(description="A random UUID.")
    act: str = Field(pattern="^[a-z]+(\\.[a-z-]+)+$", description="`quarantine.release`, …")
    actor: str = Field(max_length=128, description="Login name.")
    recorded_at: datetime
    outcome: Literal["done", "refused", "failed"]
    site: str | None = None
    stage: str | None = Field(default=None, description="The stage concerned.")
    count: int | None = Field(default=None, ge=0, description="How many instances it was about, when many.")
    ground: Ground | None = None
    letter: str | None = Field(default=None, description="The dead letter concerned.")

    def identity(self) -> tuple[str, ...]:
        return (self.audit_id,)

    def partition_key(self) -> str:
        return self.letter or self.act

    def subject(self) -> str:
        return self.partition_key()


class AuditRecorded(Audit):
    """Somebody did something with instances of the identified zone."""

    topic: ClassVar[str] = "identified.audit.recorded"
    owner: ClassVar[str] = "operators"

    arrival: str | None = Field(default=None, description="The instance concerned; absent when it was about many.")
    decision_id: str | None = None
    receipt: str | None = Field(default=None, description="The erasure that it belongs to.")

    def partition_key(self) -> str:
        return self.arrival or super().partition_key()


class CleanAuditRecorded(Audit):
    """Somebody did something with what the clean zone holds."""

    topic: ClassVar[str] = "clean.audit.recorded"
    owner: ClassVar[str] = "operators"
