"""What an event tells the ledger: rows with the facts that it states, to be merged with all others."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from services.bookkeeper.letters import told_by
from services.bookkeeper.lines import Arrival, Copy, Letter, Line, Verdict
from shared.database.text import storable
from shared.events import (
    ERASED,
    FOR_GOOD,
    CleanDeadLetter,
    CleanLetterSettled,
    CleanRequeued,
    DeadLetter,
    Event,
    IdentifiedDeadLetter,
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    IdentifiedLetterSettled,
    IdentifiedRequeued,
    InstanceAnonymised,
    InstanceAnonymisedInBulk,
    InstanceCleared,
    InstanceCommitted,
    InstanceDecided,
    InstanceErased,
    InstanceIndexed,
    InstanceReceived,
    InstanceReceivedInBulk,
    InstanceRejected,
    InstanceRetracted,
    InstanceThumbnailed,
    InstanceValidated,
    InstanceValidatedInBulk,
    LetterSettled,
    SetAside,
)

FOLLOWED: tuple[type[Event], ...] = (
    InstanceReceived,
    InstanceReceivedInBulk,
    InstanceCommitted,
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    InstanceDecided,
    InstanceCleared,
    InstanceErased,
    IdentifiedDeadLetter,
    IdentifiedLetterSettled,
    IdentifiedRequeued,
    InstanceAnonymised,
    InstanceAnonymisedInBulk,
    InstanceValidated,
    InstanceValidatedInBulk,
    InstanceRejected,
    InstanceIndexed,
    InstanceThumbnailed,
    InstanceRetracted,
    CleanDeadLetter,
    CleanLetterSettled,
    CleanRequeued,
)
"""All that says something about an instance."""

BIGINT_LIMIT = 2**63
LONGEST = 1024
"""Bytes of a text: object keys are the longest, and two of them have to fit into an index."""

_Held = IdentifiedInstanceQuarantined | IdentifiedInstanceRejected
_Clean = InstanceAnonymised | InstanceValidated | InstanceRejected | InstanceIndexed | InstanceThumbnailed


def tell(event: Event, at: datetime, event_id: str, record: bytes | None = None) -> list[Line]:
    """The rows. `at`: when it was published. `record`: of a dead letter, or what was set aside, the record's value."""
    return [_storable(line) for line in _lines(event, at, event_id, record)]


def _lines(event: Event, at: datetime, event_id: str, record: bytes | None) -> Iterator[Line]:
    match event:
        case InstanceReceived():
            yield _received(event)
        case InstanceCommitted():
            yield Arrival(event.arrival, site=event.site, raw_key=event.key, committed_until=event.until)
        case IdentifiedInstanceQuarantined() | IdentifiedInstanceRejected():
            yield _original(event)._replace(size=getattr(event, "size", None))
            yield _verdict(event, at)
        case InstanceDecided():
            for_good = event.decision in FOR_GOOD
            yield _original(event)._replace(expired_at=event.decided_at if for_good else None)
            yield _decided(event)
        case InstanceCleared():
            yield _original(event)._replace(released_at=at)
            yield Verdict(event.arrival, event.decision_id, "cleared", profile=event.profile, at=at)
        case InstanceErased():
            yield Arrival(event.arrival, site=event.site, project=event.project, expired_at=event.erased_at)
            yield Verdict(event.arrival, ERASED, "rejected", ERASED, at=event.erased_at)
        case InstanceRetracted():
            yield Arrival(event.arrival, site=event.site, project=event.project)
            if event.digest is not None:
                yield Copy(event.arrival, event.digest, retracted_at=at)
        case DeadLetter():
            yield from _letter(event, at, event_id, record)
        case LetterSettled():
            yield Letter(event.letter, stage=event.stage, settled=event.state, settled_at=at)
        case SetAside():
            told = told_by(record)
            if told.arrival is not None:
                yield Arrival(told.arrival, site=told.site, project=told.project, requeued_at=at)
        case _ if isinstance(event, _Clean):
            yield Arrival(event.arrival, site=event.site, project=event.project)
            yield _copy(event, at)


def _received(event: InstanceReceived) -> Arrival:
    return _original(event)._replace(
        size=event.size,
        association=event.association,
        associations=event.association,
        lane="bulk" if isinstance(event, InstanceReceivedInBulk) else "live",
        received=True,
        received_at=event.received_at,
    )


def _original(event: InstanceReceived | InstanceDecided | InstanceCleared | _Held) -> Arrival:
    return Arrival(
        event.arrival,
        site=event.site,
        project=event.project,
        raw_key=event.key,
        digest=event.digest,
        study_key=event.study_key,
    )


def _verdict(event: _Held, at: datetime) -> Verdict:
    outcome = "held" if isinstance(event, IdentifiedInstanceQuarantined) else "rejected"
    return Verdict(event.arrival, event.decision_id or "", outcome, event.reason or None, event.profile or None, at)


def _decided(event: InstanceDecided) -> Verdict:
    return Verdict(
        event.arrival,
        event.decision_id,
        after=event.after or "",
        choice=event.decision,
        decided_at=event.decided_at,
    )


def _copy(event: _Clean, at: datetime) -> Copy:
    copy = Copy(
        event.arrival,
        event.digest,
        site=event.site,
        project=event.project,
        profile=event.profile,
        study_instance_uid=event.study_instance_uid,
        series_instance_uid=event.series_instance_uid,
        sop_instance_uid=event.sop_instance_uid,
        key=event.key,
        size=event.size,
    )
    match event:
        case InstanceAnonymised():
            return copy._replace(anonymised_at=at, anonymised_last=at)
        case InstanceValidated():
            return copy._replace(validated_at=at)
        case InstanceIndexed():
            return copy._replace(indexed_at=at)
        case InstanceThumbnailed():
            return copy._replace(
                thumbnailed_at=at,
                pictured_at=at,
                renderer=event.renderer or None,
                picture_key=event.picture or None,
                no_picture=event.reason or None,
            )
        case InstanceRejected():
            return copy._replace(rejected_at=at, rejected_stage=event.stage or None, reason=event.reason or None)


def _letter(event: DeadLetter, at: datetime, event_id: str, record: bytes | None) -> Iterator[Line]:
    told = told_by(record)
    clean = isinstance(event, CleanDeadLetter)
    if told.arrival is not None:
        yield Arrival(told.arrival, site=told.site, project=told.project)
    yield Letter(
        event_id,
        zone="clean" if clean else "identified",
        stage=event.stage,
        reason=event.reason,
        error=event.error,
        source_topic=event.source_topic,
        source_partition=event.source_partition,
        source_offset=event.source_offset,
        release=event.release,
        attempts=event.attempts,
        trace_id=event.trace_id,
        site=told.site or event.site,
        arrival=told.arrival,
        digest=told.digest if clean else None,
        decision=told.decision,
        first=event.first,
        requeues=event.requeues,
        at=at,
    )


def _storable(line: Line) -> Line:
    """As the database can hold it: what a record says is of our own making, but perhaps of another release."""
    if all(map(_is_storable, line)):
        return line
    mended = {name: value if _is_storable(value) else _mended(value) for name, value in line._asdict().items()}
    return line._replace(**mended)


def _is_storable(value: object) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return len(value) <= LONGEST and value.isascii() and "\0" not in value
    if isinstance(value, int):
        return abs(value) < BIGINT_LIMIT
    return not isinstance(value, datetime) or value.tzinfo is not None


def _mended(value: object) -> Any:
    match value:
        case str():
            return storable(value).encode()[:LONGEST].decode("utf-8", "ignore")
        case datetime():
            return value.replace(tzinfo=UTC)
    return None
