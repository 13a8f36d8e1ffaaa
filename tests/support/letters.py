"""Dead letters as tests need them: of invented records."""

import base64
from typing import Any

from shared.events import CleanDeadLetter, DeadLetter, IdentifiedDeadLetter, InstanceReceived, Outgoing
from shared.letters import ZONES
from tests.support.events import anonymised, received, record_of

IDENTIFIED, CLEAN = ZONES


def letter(offset: int, site: str = "site-a", **changes: Any) -> IdentifiedDeadLetter:
    """That the anonymiser could not handle the arrival at this offset."""
    record = record_of(Outgoing.of(received(site=site, arrival=f"{offset:032x}")))
    fields: dict[str, Any] = {
        "source_topic": InstanceReceived.topic,
        "source_partition": 0,
        "source_offset": offset,
        "source_timestamp": "2026-01-01T00:00:00Z",
        "stage": "anonymiser",
        "release": "1.0",
        "reason": "unexpected",
        "error": "KeyError",
        "attempts": 1,
        "record_key": record.key,
        "record_headers": {name: raw.decode() for name, raw in record.headers},
        "record_value": base64.b64encode(record.value).decode(),
        "site": site,
        "project": "demo",
    }
    return IdentifiedDeadLetter.model_validate(fields | changes)


def clean_letter(offset: int, site: str = "site-a", **changes: Any) -> CleanDeadLetter:
    """That the validator could not handle the clean copy at this offset."""
    event = anonymised(site=site)
    record = record_of(Outgoing.of(event))
    told = {
        "source_topic": event.topic,
        "stage": "validator",
        "record_key": record.key,
        "record_headers": {name: raw.decode() for name, raw in record.headers},
        "record_value": base64.b64encode(record.value).decode(),
    }
    return CleanDeadLetter.model_validate(letter(offset, site).model_dump() | told | changes)


def id_of(event: DeadLetter) -> str:
    """Its id."""
    return Outgoing.of(event).id
