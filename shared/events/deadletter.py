"""Dead letters: records that no code of ours could handle, with the record itself; and how each of them ended."""

from typing import ClassVar, Literal

from pydantic import Field

from shared.events.again import RawRecord
from shared.events.event import Event

Settling = Literal["requeued", "resolved", "discarded"]
"""`requeued`: handled again; if it dies again, that is another letter. `resolved`: handled after all. `discarded`: by a
person, for good; its record counts as dead."""


class DeadLetter(RawRecord):
    """A record that its stage could not handle. No message text: the trace and the log tell more."""

    release: str = Field(description="Version of the service that gave up.")
    reason: str
    error: str | None = Field(default=None, description="Class name of the exception; never its text.")
    attempts: int
    trace_id: str | None = None
    first: str | None = Field(
        default=None, description="The dead letter that the record was at first, when it has been requeued since."
    )


class IdentifiedDeadLetter(DeadLetter):
    """From a stage that reads the identified zone; it stays there."""

    topic: ClassVar[str] = "identified.dead-letter"
    owner: ClassVar[str] = "anonymiser"


class CleanDeadLetter(DeadLetter):
    """From a stage that reads the clean zone."""

    topic: ClassVar[str] = "clean.dead-letter"
    owner: ClassVar[str] = "validator"


class LetterSettled(Event):
    """What became of a dead letter. A state, kept by the letter's id: one without it is open."""

    letter: str = Field(description="Its `ce_id`.")
    state: Settling
    stage: str = Field(description="The stage that gave up.")
    requeues: int = Field(default=0, ge=0, description="How often the record has been requeued by now.")
    outcome: str | None = Field(
        default=None, description="What a resolved one came to: done, skip, quarantine, reject."
    )
    reason: str | None = Field(default=None, description="The reason code of that outcome, or the ground of a discard.")
    release: str | None = Field(default=None, description="Version of the service that handled it after all.")

    def identity(self) -> tuple[str, ...]:
        return (self.letter, self.state)

    def partition_key(self) -> str:
        return self.letter

    def subject(self) -> str:
        return self.letter


class IdentifiedLetterSettled(LetterSettled):
    """A dead letter of the identified zone is settled."""

    topic: ClassVar[str] = "identified.dead-letter.settled"
    owner: ClassVar[str] = "anonymiser"


class CleanLetterSettled(LetterSettled):
    """A dead letter of the clean zone is settled."""

    topic: ClassVar[str] = "clean.dead-letter.settled"
    owner: ClassVar[str] = "validator"
