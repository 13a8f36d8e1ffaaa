"""What operators publish, and how what they read is decoded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from infra.keys import audit
from shared.events import Audit, Event, Outgoing
from shared.events.envelope import UndecodableEvent, decode, encode
from shared.kafka import Output, Publisher, Record

SOURCE = "operators"
PATIENCE = 15.0
"""Seconds for one call to the broker."""


def tell(bootstrap: str, log: Path | None, events: Iterable[Event]) -> None:
    """Publish `events` and wait until the broker has them: for what decides nothing.

    Raises Transient; Misconfigured when the audit file `log` cannot be written.
    """
    publisher = Publisher(bootstrap, PATIENCE)
    try:
        for event in events:
            publisher.publish(output(event))
            note(log, event)
    finally:
        publisher.close()


def output(event: Event) -> Output:
    """The record that says so."""
    outgoing = Outgoing.of(event)
    value, headers = encode(outgoing, SOURCE, datetime.now(UTC))
    return Output(event.topic, outgoing.key, value, tuple(headers))


def decoded(record: Record) -> Event | None:
    """What it says; None when nobody here can read it."""
    try:
        return decode(record.topic, record.value, record.headers)
    except UndecodableEvent:
        return None


def note(log: Path | None, event: Event) -> None:
    """A line in the audit file, if there is one and `event` is for it."""
    if log is not None and isinstance(event, Audit):
        told = event.model_dump(exclude={"audit_id", "act", "actor", "recorded_at", "ground"}, exclude_none=True)
        audit.record(log, event.act, event.ground or "", actor=event.actor, **told)
