"""A record becomes what handlers get: the one place that decodes, and that unwraps what is handled again."""

from dataclasses import dataclass

from shared.events import SetAside
from shared.events.envelope import UndecodableEvent, decode, header
from shared.kafka.log import Record
from shared.outcome import Reason, Skip
from shared.runner.again import carried_by, original
from shared.runner.handling import Incoming


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a record holds: an event for the handler, nothing for this stage, or nothing that anybody can decode."""

    content: Incoming | Skip | UndecodableEvent
    traceparent: str
    again: SetAside | None = None
    """What carried the event, when it is handled again."""


def arrived(record: Record, stage: str) -> Arrived:
    """What `record` is to `stage`."""
    try:
        again = carried_by(record)
        inner = original(record, again)
    except UndecodableEvent as undecodable:
        return Arrived(undecodable, traceparent_of(record))
    if again is not None and again.stage != stage:
        return Arrived(Skip(Reason.ANOTHER_STAGE), "")
    return _decoded(inner, record, again)


def _decoded(record: Record, came_as: Record, again: SetAside | None) -> Arrived:
    """`came_as` has the coordinates by which the group knows it."""
    traceparent = traceparent_of(record)
    try:
        event = decode(record.topic, record.value, record.headers)
    except UndecodableEvent as undecodable:
        return Arrived(undecodable, traceparent, again)
    where = (came_as.topic, came_as.partition, came_as.offset)
    content = Incoming(event, *where, record.timestamp, traceparent or None, came_as.epoch)
    return Arrived(content, traceparent, again)


def traceparent_of(record: Record) -> str:
    """The step before; empty when it does not say."""
    return header(record.headers, "traceparent") or ""
