"""A record whose end is known and not yet published."""

from dataclasses import dataclass

from shared import telemetry
from shared.events import Event, SetAside
from shared.kafka.log import Record
from shared.runner.handling import Result


@dataclass(slots=True)
class Settled:
    """An outcome, or a failure that makes it a dead letter."""

    record: Record
    event: Event | None
    result: Result
    traceparent: str
    seconds: float
    attempts: int
    again: SetAside | None = None
    """What carried it, when it is handled again."""
    bare: bool = False
    """Whether its dead letter leaves its value where it is."""

    @property
    def trace_id(self) -> str | None:
        """32 hexadecimal digits."""
        return telemetry.trace_id_in(self.traceparent)
