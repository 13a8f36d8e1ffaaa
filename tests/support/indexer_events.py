"""Records as the indexer gets them: small, valid, and told apart by numbers."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events import BulkElement, Event, InstanceValidated
from shared.runner import Incoming

MORNING = datetime(2024, 5, 1, 8, 0, tzinfo=UTC)
TRACE = "0af7651916cd43dd8448eb211c80319c"


def header(**changes: Any) -> dict[str, Any]:
    """A DICOM JSON header; each change is `T00080060="CT"` (one value), a list of values, or an element."""
    elements = {
        "T00080020": "20200131",
        "T00080030": "101530.5",
        "T00080050": "A1",
        "T00080060": "CT",
        "T00100010": {"Alphabetic": "IC-AAAA"},
        "T00100040": "F",
        "T00200011": 3,
        "T00200013": 7,
        "T00280010": 512,
        "T00280011": 256,
        **changes,
    }
    return {name[1:]: _element(value) for name, value in elements.items()}


def _element(value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and "vr" in value:
        return value
    return {"vr": "LO", "Value": value if isinstance(value, list) else [value]}


def validated(number: int, *, arrival: int | None = None, content: str = "", **changes: Any) -> InstanceValidated:
    """Instance `number` of one series; another arrival or content makes a rival for the same UID."""
    fields = {
        "site": "north",
        "project": "demo",
        "arrival": f"{number if arrival is None else arrival:032x}",
        "profile": "1",
        "patient_id": "IC-AAAA",
        "study_instance_uid": "2.25.1",
        "series_instance_uid": "2.25.11",
        "sop_instance_uid": f"2.25.111{number}",
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "digest": hashlib.sha256(f"{number}{content}".encode()).hexdigest(),
        "size": 530_000,
        "header": header(),
        "bulk": (BulkElement(tag="7FE00010", vr="OW", length=524_288),),
        **changes,
    }
    fields.setdefault("key", f"1/2.25.1/2.25.11/2.25.111{number}.{fields['digest'][:12]}.dcm")
    return InstanceValidated.model_validate(fields)


def record(event: Event, minute: int = 0, trace: str = TRACE) -> Incoming:
    """`event` as it was published so many minutes after eight."""
    at = MORNING + timedelta(minutes=minute)
    return Incoming(event, event.topic, 0, minute, at, f"00-{trace}-00f067aa0ba902b7-01")
