"""Events about a few arrivals and their copies, as the topics carry them: told apart by numbers."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events import (
    CleanLetterSettled,
    DeadLetter,
    Event,
    IdentifiedDeadLetter,
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    IdentifiedLetterSettled,
    InstanceAnonymised,
    InstanceCleared,
    InstanceDecided,
    InstanceIndexed,
    InstanceReceived,
    InstanceReceivedInBulk,
    InstanceRejected,
    InstanceThumbnailed,
    InstanceValidated,
    LetterSettled,
    Outgoing,
)
from shared.events.deadletter import Settling
from shared.events.envelope import encode
from shared.kafka import Record
from tests.support.indexer_events import validated

MORNING = datetime(2024, 5, 1, 8, 0, tzinfo=UTC)


def minute(number: float) -> datetime:
    return MORNING + timedelta(minutes=number)


def _arrived(arrival: int) -> dict[str, Any]:
    digest = hashlib.sha256(f"raw {arrival}".encode()).hexdigest()
    return {
        "site": "north",
        "project": "demo",
        "arrival": f"{arrival:032x}",
        "study_key": f"s{arrival % 3}",
        "key": f"north/{digest[:2]}/{digest}.dcm",
        "digest": digest,
    }


def received(arrival: int, bulk: bool = False, association: str = "a1") -> InstanceReceived:
    model = InstanceReceivedInBulk if bulk else InstanceReceived
    return model(
        **_arrived(arrival),
        association=association,
        size=1000,
        sop_class_uid="1.2",
        sop_instance_uid="1.2.3",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        received_at=MORNING,
    )


def quarantined(arrival: int, decision: str | None = None, reason: str = "overlay") -> IdentifiedInstanceQuarantined:
    return IdentifiedInstanceQuarantined(**_arrived(arrival), reason=reason, profile="1", decision_id=decision)


def refused(arrival: int, decision: str | None = None, reason: str = "not-dicom") -> IdentifiedInstanceRejected:
    return IdentifiedInstanceRejected(**_arrived(arrival), reason=reason, profile="1", decision_id=decision)


def decided(arrival: int, decision: str, after: str | None = None, choice: str = "release") -> InstanceDecided:
    return InstanceDecided.model_validate(
        {
            **_arrived(arrival),
            "decision_id": decision,
            "decision": choice,
            "for_reason": "overlay",
            "after": after,
            "ground": "false-positive",
            "actor": "ada",
            "decided_at": MORNING,
        }
    )


def cleared(arrival: int, decision: str) -> InstanceCleared:
    return InstanceCleared(**_arrived(arrival), decision_id=decision, profile="1")


def copied(model: Any, arrival: int, content: str = "", **more: Any) -> Any:
    """An event of that kind about a clean copy of the arrival."""
    return model(**validated(arrival, content=content).reference(), **more)


def anonymised(arrival: int, content: str = "") -> InstanceAnonymised:
    event: InstanceAnonymised = copied(InstanceAnonymised, arrival, content)
    return event


def checked(arrival: int, content: str = "") -> InstanceValidated:
    return validated(arrival, content=content)


def indexed(arrival: int, content: str = "") -> InstanceIndexed:
    event: InstanceIndexed = copied(InstanceIndexed, arrival, content)
    return event


def thumbnailed(arrival: int, content: str = "", picture: str | None = "p.jpg") -> InstanceThumbnailed:
    reason = None if picture else "no-pixels"
    event: InstanceThumbnailed = copied(
        InstanceThumbnailed, arrival, content, renderer="1", picture=picture, reason=reason
    )
    return event


def rejected(arrival: int, content: str = "", stage: str = "validator") -> InstanceRejected:
    event: InstanceRejected = copied(InstanceRejected, arrival, content, stage=stage, reason="pixel-length")
    return event


def letter(about: Event, model: type[DeadLetter] = IdentifiedDeadLetter, stage: str = "anonymiser") -> DeadLetter:
    """The dead letter of a record with that event."""
    value = about.model_dump_json(exclude_none=True).encode()
    return model(
        source_topic=about.topic,
        source_partition=0,
        source_offset=int(hashlib.sha256(value).hexdigest()[:6], 16),
        stage=stage,
        release="1",
        reason="unexpected",
        attempts=1,
        record_value=base64.b64encode(value).decode(),
    )


def settled(died: DeadLetter, state: Settling) -> LetterSettled:
    """What became of that letter."""
    model = CleanLetterSettled if died.topic.startswith("clean.") else IdentifiedLetterSettled
    return model(letter=Outgoing.of(died).id, state=state, stage=died.stage)


def record(event: Event, offset: int = 0, at: datetime = MORNING) -> Record:
    """As it lies in its topic."""
    outgoing = Outgoing.of(event)
    value, headers = encode(outgoing, "test", at)
    return Record(event.topic, 0, offset, at, outgoing.key, value, tuple(headers), 0)
