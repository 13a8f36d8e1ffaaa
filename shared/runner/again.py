"""Records inside records: how one is carried that is to be handled again, and how it is taken out."""

import base64
from datetime import datetime
from typing import Any

from shared.events import CleanParked, CleanRequeued, IdentifiedParked, IdentifiedRequeued, SetAside
from shared.events.again import RawRecord
from shared.events.envelope import UndecodableEvent, decode
from shared.kafka.log import Record

CARRYING = tuple(model.topic for model in (IdentifiedRequeued, CleanRequeued, IdentifiedParked, CleanParked))
"""Topics whose records carry others."""


def raw_fields(record: Record, bare: bool = False) -> dict[str, Any]:
    """What a `RawRecord` says of `record`; `bare` leaves its value where it is, at its coordinates."""
    return {
        "source_topic": record.topic,
        "source_partition": record.partition,
        "source_offset": record.offset,
        "source_timestamp": record.timestamp,
        "record_key": record.key,
        "record_headers": {name: raw.decode("utf-8", "replace") for name, raw in record.headers},
        "record_value": None if bare or record.value is None else base64.b64encode(record.value).decode(),
    }


def record_in(carrying: RawRecord, since: datetime) -> Record:
    """The record that `carrying` was made from, by its own coordinates; of `since` when it does not say of when.

    Raises UndecodableEvent.
    """
    value = carrying.record_value
    try:
        decoded = None if value is None else base64.b64decode(value, validate=True)
    except ValueError:
        raise UndecodableEvent("carries no base64") from None
    return Record(
        topic=carrying.source_topic,
        partition=carrying.source_partition,
        offset=carrying.source_offset,
        timestamp=carrying.source_timestamp or since,
        key=carrying.record_key,
        value=decoded,
        headers=tuple((name, text.encode()) for name, text in carrying.record_headers.items()),
    )


def original(record: Record, again: SetAside | None) -> Record:
    """The record that `record` is about: the one that it carries `again`, or itself. Raises UndecodableEvent."""
    return record if again is None else record_in(again, record.timestamp)


def carried_by(record: Record) -> SetAside | None:
    """What `record` carries; None when it is one of its own. Raises UndecodableEvent."""
    if record.topic not in CARRYING:
        return None
    event = decode(record.topic, record.value, record.headers)
    if not isinstance(event, SetAside):
        raise UndecodableEvent("carries nothing")
    if event.source_topic in CARRYING:
        raise UndecodableEvent("carries one that carries another")
    return event
