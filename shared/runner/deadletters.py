"""Dead letters: what is written of a record that nobody could handle, and when one was handled after all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events import (
    CleanDeadLetter,
    CleanLetterSettled,
    DeadLetter,
    Event,
    IdentifiedDeadLetter,
    IdentifiedLetterSettled,
    InstanceDecided,
    InstanceHeld,
    InstanceUnheld,
    LetterSettled,
    Outgoing,
    SetAside,
)
from shared.events.envelope import UndecodableEvent, decode
from shared.events.event import fact_id
from shared.kafka.log import Record
from shared.outcome import Outcome, Permanent, Reason
from shared.runner.again import original, raw_fields, record_in
from shared.runner.handling import outcome_name, reason_of

UNKNOWN = "unknown"
"""The site of a record that cannot be read."""


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


def counted(event: DeadLetter) -> tuple[str, str]:
    """Site and project of a letter, as they were counted on the clean side.

    Earlier releases did not say them: they are those of the record, where its stage could decode it.
    """
    if event.site is not None or event.reason == Reason.UNDECODABLE_EVENT or event.record_value is None:
        return event.site or UNKNOWN, event.project or UNKNOWN
    try:
        record = record_in(event, datetime.min)
        about = decode(record.topic, record.value, record.headers)
    except UndecodableEvent:
        return UNKNOWN, UNKNOWN
    return getattr(about, "site", UNKNOWN), getattr(about, "project", UNKNOWN)


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Writes the dead letters of one stage, in the zone that the stage reads from."""

    stage: str
    release: str
    identified: bool = False

    def of(
        self,
        record: Record,
        event: Event | None,
        failure: Exception,
        attempts: int,
        trace_id: str | None,
        bare: bool,
        again: SetAside | None = None,
    ) -> list[Outgoing]:
        """The dead letter of `record`, or of the one that it carries `again`; `bare` leaves the value where it lies.

        From the identified zone the clean side learns that there is one more, and no more than that.
        """
        reason = reason_for(failure).value
        site, project = (getattr(event, name, UNKNOWN) for name in ("site", "project"))
        model: type[DeadLetter] = IdentifiedDeadLetter if self.identified else CleanDeadLetter
        fields: dict[str, Any] = {
            **raw_fields(original(record, again), bare),
            "stage": self.stage,
            "release": self.release,
            "reason": reason,
            "error": type(failure).__name__,
            "attempts": attempts,
            "trace_id": trace_id,
            "site": site,
            "project": project,
        }
        first = Outgoing.of(model(**fields))
        letter = first
        if again is not None and again.requeues:
            letter = Outgoing.of(model(**fields, requeues=again.requeues, first=first.id))
        # A decision that cannot be carried out leaves its instance where it was: held, and counted as that.
        if not self.identified or isinstance(event, InstanceDecided):
            return [letter]
        held = InstanceHeld(site=site, project=project, outcome="dead-lettered", reason=reason)
        return [letter, Outgoing(held, fact_id("held", letter.id), site), *self._uncounted(again)]

    def resolved(self, again: SetAside | None, result: Outcome) -> Sequence[Outgoing]:
        """That the dead letter which `again` was has been handled after all; nothing when it was none."""
        if again is None or again.letter is None:
            return ()
        model: type[LetterSettled] = IdentifiedLetterSettled if self.identified else CleanLetterSettled
        settled = model(
            letter=again.letter,
            state="resolved",
            stage=self.stage,
            requeues=again.requeues,
            outcome=outcome_name(result),
            reason=reason_of(result) or None,
            release=self.release,
        )
        return (Outgoing.of(settled), *self._uncounted(again))

    def _uncounted(self, again: SetAside | None) -> Sequence[Outgoing]:
        """That what was counted for the dead letter which `again` was counts no more."""
        if not self.identified or again is None or again.letter is None:
            return ()
        site, project = again.site or UNKNOWN, again.project or UNKNOWN
        undone = InstanceUnheld(
            site=site, project=project, outcome="dead-lettered", reason=again.reason or Reason.UNEXPECTED.value
        )
        return (Outgoing(undone, fact_id("unheld", again.letter), site),)
