"""From a letter and a wish to the events that say so (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from shared.events import DeadLetter, Event, Ground, InstanceDecided, SetAside
from shared.events.again import RawRecord
from shared.events.audit import Audit
from shared.events.envelope import UndecodableEvent
from shared.kafka.log import Record
from shared.letters import Letter, Zone
from shared.runner.again import CARRYING, carried_by, raw_fields, record_in
from shared.runner.deadletters import counted

MOST_REQUEUES = 5
"""How often a record is requeued before it has to be wanted by name (`--again`)."""

Act = Literal["requeue", "discard"]
ActResult = Literal["done", "refused", "failed"]


class Refused(Exception):
    """This letter cannot be dealt with like that. The text says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done with each of some letters. `again`: however often it was requeued already."""

    act: Act
    ground: Ground
    actor: str
    again: bool = False

    @property
    def name(self) -> str:
        """Its name in the audit."""
        return f"dlq.{self.act}"


def objection(letter: Letter, wish: Wish) -> str | None:
    """Why `wish` cannot be done with `letter`, as far as that can be said without its record."""
    if letter.state != "open":
        return f"it is {letter.state}"
    if wish.act == "discard":
        return None
    if letter.event.source_topic == InstanceDecided.topic:
        return "it is a decision: what it was about is still held, so decide again with isocentre quarantine"
    if letter.event.requeues >= MOST_REQUEUES and not wish.again:
        return f"it was requeued {letter.event.requeues} times: name it and say --again"
    return None


def discard(letter: Letter, wish: Wish, now: datetime) -> list[Event]:
    """The letter ends, for good: its record counts as dead."""
    settled = letter.zone.settled(
        letter=letter.id,
        state="discarded",
        stage=letter.event.stage,
        requeues=letter.event.requeues,
        reason=wish.ground,
    )
    return [settled, audit_of(letter, wish, now, "done")]


def requeue(letter: Letter, whole: DeadLetter, record: Record | None, wish: Wish, now: datetime) -> list[Event]:
    """Its stage gets the record again.

    `whole` is the letter with the record's value, or `record` is what lies at its coordinates. Raises Refused.
    """
    if whole.record_value is None:
        if record is None or not _is_that(record, whole):
            raise Refused("its record does not lie at its coordinates any more")
        whole = whole.model_copy(update=raw_fields(record))
    again = _unwrapped(letter, whole) if whole.source_topic in CARRYING else _wrapped(letter, whole)
    settled = letter.zone.settled(
        letter=letter.id, state="requeued", stage=letter.event.stage, requeues=letter.event.requeues + 1
    )
    return [again, settled, audit_of(letter, wish, now, "done")]


def _wrapped(letter: Letter, whole: DeadLetter) -> SetAside:
    site, project = counted(whole)
    fields = {name: getattr(whole, name) for name in RawRecord.model_fields}
    return letter.zone.requeued.model_validate(
        fields
        | {
            "source_timestamp": whole.source_timestamp or letter.at,
            "requeues": whole.requeues + 1,
            "site": site,
            "project": project,
            "letter": letter.id,
            "reason": whole.reason,
        }
    )


def _unwrapped(letter: Letter, whole: DeadLetter) -> SetAside:
    """What the stage could not read was handled again already: it is published once more as it was."""
    try:
        carried = carried_by(record_in(whole, letter.at))
    except UndecodableEvent:
        raise Refused("it carries a record that cannot be read: discard it") from None
    if carried is None or carried.stage != whole.stage:
        raise Refused("it was meant for another stage, which has it: discard it")
    return carried


def _is_that(record: Record, letter: DeadLetter) -> bool:
    """Whether the record is the one that died, and not another one in a log that was lost."""
    found = raw_fields(record)
    return (found["record_key"], found["record_headers"]) == (letter.record_key, letter.record_headers)


def audit_of(letter: Letter, wish: Wish, now: datetime, outcome: ActResult) -> Audit:
    """That somebody did this with one letter."""
    return letter.zone.audit(
        audit_id=str(uuid4()),
        act=wish.name,
        actor=wish.actor,
        recorded_at=now,
        outcome=outcome,
        site=letter.site,
        ground=wish.ground,
        letter=letter.id,
    )


def audit_of_look(zone: Zone, act: str, actor: str, now: datetime, seen: Letter | Sequence[Letter]) -> Audit:
    """That somebody looked at a letter, or at several, of one zone."""
    one = seen if isinstance(seen, Letter) else None
    return zone.audit(
        audit_id=str(uuid4()),
        act=act,
        actor=actor,
        recorded_at=now,
        outcome="done",
        count=None if isinstance(seen, Letter) else len(seen),
        site=one.site if one else None,
        letter=one.id if one else None,
    )
