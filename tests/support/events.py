"""Events as tests need them: complete, and made of invented values."""

from typing import Any

from shared.events import InstanceAnonymised, InstanceReceived, Outgoing
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
