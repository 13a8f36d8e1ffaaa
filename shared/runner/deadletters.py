"""Dead letters: what is written of a record that nobody could handle."""

import base64
from dataclasses import dataclass

from shared.events import (
    CleanDeadLetter,
    DeadLetter,
    Event,
    IdentifiedDeadLetter,
    InstanceDecided,
    InstanceHeld,
    Outgoing,
)
from shared.events.envelope import UndecodableEvent
from shared.events.event import fact_id
from shared.kafka.log import Record
from shared.outcome import Permanent, Reason


class OutputTooLarge(Exception):
    """The broker refuses what this record leads to."""


class Poison(Permanent):
    """Its worker died or hung each time that it had this record alone in hand."""


def reason_for(failure: Exception) -> Reason:
    """The code of a failure that is not transient."""
    if isinstance(failure, UndecodableEvent):
        return Reason.UNDECODABLE_EVENT
    if isinstance(failure, OutputTooLarge):
        return Reason.OUTPUT_TOO_LARGE
    if isinstance(failure, Permanent):
        return failure.reason
    return Reason.UNEXPECTED


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Writes the dead letters of one stage, in the zone that the stage reads from."""

    stage: str
    release: str
    identified: bool = False

    def of(
        self, record: Record, event: Event | None, failure: Exception, attempts: int, trace_id: str | None, bare: bool
    ) -> list[Outgoing]:
        """The dead letter of `record`; `bare` leaves its value where it is, at its coordinates.

        From the identified zone the clean side learns that there is one more, and no more than that.
        """
        reason = reason_for(failure).value
        model: type[DeadLetter] = IdentifiedDeadLetter if self.identified else CleanDeadLetter
        letter = Outgoing.of(
            model(
                source_topic=record.topic,
                source_partition=record.partition,
                source_offset=record.offset,
                stage=self.stage,
                release=self.release,
                reason=reason,
                error=type(failure).__name__,
                attempts=attempts,
                trace_id=trace_id,
                record_key=record.key,
                record_headers={name: raw.decode("utf-8", "replace") for name, raw in record.headers},
                record_value=None if bare or record.value is None else base64.b64encode(record.value).decode(),
            )
        )
        # A decision that cannot be carried out leaves its instance where it was: held, and counted as that.
        if not self.identified or isinstance(event, InstanceDecided):
            return [letter]
        site = getattr(event, "site", "unknown")
        held = InstanceHeld(
            site=site, project=getattr(event, "project", "unknown"), outcome="dead-lettered", reason=reason
        )
        return [letter, Outgoing(held, fact_id("held", letter.id), site)]
