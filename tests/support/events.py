"""Events as tests need them: complete, and made of invented values."""

import hashlib
from typing import Any

from shared.events import (
    IdentifiedInstanceQuarantined,
    InstanceAnonymised,
    InstanceCommitted,
    InstanceDecided,
    InstanceReceived,
    Outgoing,
)
from shared.events.envelope import encode
from shared.kafka import Output

DIGEST = "0123456789abcdef" * 4


def received(**changes: Any) -> InstanceReceived:
    """An arrival."""
    fields: dict[str, Any] = {
        "site": "site-a",
        "project": "demo",
        "arrival": "a" * 32,
        "study_key": "5" * 32,
        "key": f"site-a/01/{DIGEST}.dcm",
        "digest": DIGEST,
        "association": "b" * 16,
        "size": 1000,
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "sop_instance_uid": "1.2.3.4",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "received_at": "2026-01-01T12:34:56Z",
    }
    return InstanceReceived.model_validate(fields | changes)


def committed(number: int, site: str, until: str, commitment: str = "0011") -> InstanceCommitted:
    """A promise to keep the `number`th arrival of a site."""
    named = {name: arrival_of(number, site)[name] for name in ("site", "arrival", "key")}
    return InstanceCommitted.model_validate({**named, "commitment": commitment, "until": until})


def arrival_of(number: int, site: str = "site-a", study: str = "5" * 32) -> dict[str, Any]:
    """What all events about the `number`th arrival of a site say."""
    digest = hashlib.sha256(f"{site}/{number}".encode()).hexdigest()
    return {
        "site": site,
        "project": "demo",
        "arrival": digest[:32],
        "study_key": study,
        "key": f"{site}/{digest[:2]}/{digest}.dcm",
        "digest": digest,
    }


def quarantined(number: int = 1, site: str = "site-a", **changes: Any) -> IdentifiedInstanceQuarantined:
    """The verdict that the `number`th arrival of a site is held."""
    fields: dict[str, Any] = {
        "reason": "burned-in-text",
        "profile": "research-1",
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.6.1",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "size": 1000,
    }
    return IdentifiedInstanceQuarantined.model_validate(arrival_of(number, site) | fields | changes)


def decided(number: int = 1, site: str = "site-a", **changes: Any) -> InstanceDecided:
    """A person releases the `number`th arrival of a site."""
    fields: dict[str, Any] = {
        "decision_id": "11111111-1111-4111-8111-111111111111",
        "decision": "release",
        "for_reason": "burned-in-text",
        "ground": "checked-by-eye",
        "actor": "somebody",
        "decided_at": "2026-01-02T08:00:00Z",
    }
    return InstanceDecided.model_validate(arrival_of(number, site) | fields | changes)


def anonymised(**changes: Any) -> InstanceAnonymised:
    """A de-identified instance."""
    fields: dict[str, Any] = {
        "site": "site-a",
        "project": "demo",
        "arrival": "a" * 32,
        "profile": "basic-1",
        "patient_id": "IC-AAAA",
        "study_instance_uid": "2.25.1",
        "series_instance_uid": "2.25.2",
        "sop_instance_uid": "2.25.3",
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "key": "basic-1/2.25.1/2.25.2/2.25.3.0123456789ab.dcm",
        "digest": DIGEST,
        "size": 1000,
        "header": {"00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]}},
    }
    return InstanceAnonymised.model_validate(fields | changes)


def record_of(outgoing: Outgoing, traceparent: str = "") -> Output:
    """The record that a producer would publish for it."""
    from datetime import UTC, datetime

    value, headers = encode(outgoing, "test", datetime(2026, 1, 1, 12, 34, 56, tzinfo=UTC), traceparent)
    return Output(outgoing.event.topic, outgoing.key, value, tuple(headers))
