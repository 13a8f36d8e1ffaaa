"""Events to Kafka records and back: CloudEvents 1.0, Kafka binding, binary content mode."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from shared.events import registry
from shared.events.event import Event, Outgoing

Headers = Sequence[tuple[str, bytes]]


class UndecodableEvent(Exception):
    """The record is not an event that we know. Says what kind of trouble it is, never what the record holds."""


def encode(
    outgoing: Outgoing, source: str, when: datetime, traceparent: str = ""
) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of the record for `outgoing`.

    `source` is the publishing service, `traceparent` the span that the next step continues. On the clean side
    `when` is told by the hour only; what that hides and what not stands in infra/adr/0006.
    """
    event = outgoing.event
    if event.topic.startswith("clean."):
        when = when.replace(minute=0, second=0, microsecond=0)
    headers = {
        "ce_specversion": "1.0",
        "ce_id": outgoing.id,
        "ce_type": event.type_name(),
        "ce_source": f"/isocentre/{source}",
        "ce_subject": event.subject(),
        "ce_time": when.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce_dataschema": event.schema_path(),
        "content-type": "application/json",
    }
    if event.traced and traceparent:
        headers["traceparent"] = traceparent
    value = event.model_dump_json(exclude_none=True).encode()
    return value, [(name, text.encode()) for name, text in headers.items()]


def decode(topic: str, value: bytes | None, headers: Headers) -> Event:
    """The event in a record of `topic`, by its `ce_type`.

    Raises UndecodableEvent: no value, an unknown type, a type that does not belong there, or a value that
    its model refuses.
    """
    if value is None:
        raise UndecodableEvent("no value")
    name = header(headers, "ce_type")
    model = registry.by_type(name) if name is not None else None
    if model is None:
        raise UndecodableEvent("unknown type")
    if model.topic != topic:
        raise UndecodableEvent("type of another topic")
    try:
        return model.model_validate_json(value)
    except ValidationError as refused:
        # The text of a validation error quotes the value: only the count may be told.
        raise UndecodableEvent(f"{refused.error_count()} invalid fields") from None


def header(headers: Headers, name: str) -> str | None:
    """Text of the first header of that name."""
    for key, raw in headers:
        if key == name:
            return raw.decode("utf-8", "replace")
    return None
