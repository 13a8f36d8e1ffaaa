"""A record becomes what handlers get."""

from shared.events.envelope import decode, header
from shared.kafka.log import Record
from shared.runner.handling import Incoming


def incoming(record: Record) -> Incoming:
    """What `record` says. Raises UndecodableEvent."""
    event = decode(record.topic, record.value, record.headers)
    traceparent = header(record.headers, "traceparent") or None
    return Incoming(event, record.topic, record.partition, record.offset, record.timestamp, traceparent)
