"""Events as rows: what each event adds to which table. Nothing in a row can make PostgreSQL refuse it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from services.indexer.kept_header import keep
from services.indexer.values import (
    BIGINT_LIMIT,
    INTEGER_LIMIT,
    Header,
    day,
    integer,
    is_uid,
    name,
    text,
    time_of_day,
)
from shared.database.text import short, storable
from shared.events import (
    Event,
    InstanceAnonymised,
    InstanceIndexed,
    InstanceRejected,
    InstanceThumbnailed,
    InstanceValidated,
)

KEY_LIMIT = 1024
"""Characters of an object key: what S3 allows."""

InstanceEvent = InstanceAnonymised | InstanceValidated | InstanceRejected | InstanceThumbnailed | InstanceIndexed


class Patient(NamedTuple):
    """A person, under a pseudonym: one row of `patient`."""

    project: str
    patient_id: str
    patient_name: str | None
    birth_date: date | None
    sex: str | None


class Study(NamedTuple):
    """One row of `study`."""

    study_instance_uid: str
    project: str
    patient_id: str
    site: str
    study_date: date | None
    study_time: str | None
    timezone_offset: str | None
    accession_number: str | None
    referring_physician_name: str | None
    study_id: str | None
    study_description: str | None


class Series(NamedTuple):
    """One row of `series`."""

    study_instance_uid: str
    series_instance_uid: str
    modality: str | None
    series_number: int | None
    series_description: str | None
    series_date: date | None
    series_time: str | None
    body_part_examined: str | None
    laterality: str | None
    performed_start_date: date | None
    performed_start_time: str | None


class Instance(NamedTuple):
    """One row of `instance`."""

    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    project: str
    patient_id: str
    site: str
    arrival: str
    profile: str
    sop_class_uid: str
    transfer_syntax_uid: str
    key: str
    digest: str
    size: int
    instance_number: int | None
    number_of_frames: int | None
    rows: int | None
    columns: int | None
    bits_allocated: int | None
    header: str
    header_cut: bool
    header_key: str | None
    bulk: str


class Picture(NamedTuple):
    """One row of `picture`."""

    digest: str
    renderer: str
    key: str | None
    width: int | None
    height: int | None
    reason: str | None
    at: datetime


class Journey(NamedTuple):
    """One row of `journey`: one step of one arrival."""

    arrival: str
    step: str
    outcome: str
    reason: str | None
    at: datetime
    trace_id: str | None
    site: str
    project: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A validated instance and its parents, should it be let in."""

    instance: Instance
    series: Series
    study: Study
    patient: Patient


def is_addressable(event: InstanceValidated) -> bool:
    """Whether its UIDs can be keys. They cannot be mended like other values: a cut UID is another one."""
    return all(map(is_uid, (event.study_instance_uid, event.series_instance_uid, event.sop_instance_uid)))


def candidate(event: InstanceValidated, header: Header) -> Candidate:
    """Everything that the index would know of the instance (PS3.18 Section 10.6.3.3)."""
    return Candidate(_instance(event, header), _series(event, header), _study(event, header), _patient(event, header))


def picture(event: InstanceThumbnailed, at: datetime) -> Picture:
    """The picture of these clean bytes, or why there is none."""
    key = None if event.picture is None else short(event.picture, KEY_LIMIT)
    reason = None if key is not None else short(event.reason or "unexpected")
    return Picture(event.digest, short(event.renderer), key, _int4(event.width), _int4(event.height), reason, at)


def journey(event: Event, at: datetime, trace_id: str | None) -> Journey:
    """The step of its journey that the event tells of. Raises TypeError for events of other kinds."""
    match event:
        case InstanceAnonymised():
            return _step(event, "anonymiser", "anonymised", None, at, trace_id)
        case InstanceValidated():
            return _step(event, "validator", "validated", None, at, trace_id)
        case InstanceIndexed():
            return _step(event, "indexer", "indexed", None, at, trace_id)
        case InstanceRejected():
            return _step(event, event.stage, "rejected", event.reason, at, trace_id)
        case InstanceThumbnailed(picture=None):
            return _step(event, "thumbnailer", "no-picture", event.reason or "unexpected", at, trace_id)
        case InstanceThumbnailed():
            return _step(event, "thumbnailer", "thumbnailed", None, at, trace_id)
    raise TypeError(f"{type(event).__name__} tells of no step")


def _step(
    event: InstanceEvent, step: str, outcome: str, reason: str | None, at: datetime, trace_id: str | None
) -> Journey:
    return Journey(
        arrival=short(event.arrival),
        step=short(step),
        outcome=outcome,
        reason=None if reason is None else short(reason),
        at=at,
        trace_id=None if trace_id is None else short(trace_id),
        site=short(event.site),
        project=short(event.project),
        study_instance_uid=short(event.study_instance_uid),
        series_instance_uid=short(event.series_instance_uid),
        sop_instance_uid=short(event.sop_instance_uid),
    )


def _patient(event: InstanceValidated, header: Header) -> Patient:
    return Patient(
        project=short(event.project),
        patient_id=short(event.patient_id),
        patient_name=name(header, "00100010"),
        birth_date=day(header, "00100030"),
        sex=text(header, "00100040"),
    )


def _study(event: InstanceValidated, header: Header) -> Study:
    return Study(
        study_instance_uid=event.study_instance_uid,
        project=short(event.project),
        patient_id=short(event.patient_id),
        site=short(event.site),
        study_date=day(header, "00080020"),
        study_time=time_of_day(header, "00080030"),
        timezone_offset=text(header, "00080201"),
        accession_number=text(header, "00080050"),
        referring_physician_name=name(header, "00080090"),
        study_id=text(header, "00200010"),
        study_description=text(header, "00081030"),
    )


def _series(event: InstanceValidated, header: Header) -> Series:
    return Series(
        study_instance_uid=event.study_instance_uid,
        series_instance_uid=event.series_instance_uid,
        modality=text(header, "00080060"),
        series_number=integer(header, "00200011"),
        series_description=text(header, "0008103E"),
        series_date=day(header, "00080021"),
        series_time=time_of_day(header, "00080031"),
        body_part_examined=text(header, "00180015"),
        laterality=text(header, "00200060"),
        performed_start_date=day(header, "00400244"),
        performed_start_time=time_of_day(header, "00400245"),
    )


def _instance(event: InstanceValidated, header: Header) -> Instance:
    kept = keep(header)
    return Instance(
        sop_instance_uid=event.sop_instance_uid,
        study_instance_uid=event.study_instance_uid,
        series_instance_uid=event.series_instance_uid,
        project=short(event.project),
        patient_id=short(event.patient_id),
        site=short(event.site),
        arrival=short(event.arrival),
        profile=short(event.profile),
        sop_class_uid=short(event.sop_class_uid),
        transfer_syntax_uid=short(event.transfer_syntax_uid),
        key=short(event.key, KEY_LIMIT),
        digest=event.digest,
        size=min(event.size, BIGINT_LIMIT - 1),
        instance_number=integer(header, "00200013"),
        number_of_frames=integer(header, "00280008"),
        rows=integer(header, "00280010"),
        columns=integer(header, "00280011"),
        bits_allocated=integer(header, "00280100"),
        header=kept.json,
        header_cut=kept.cut,
        header_key=None if event.header_key is None else short(event.header_key, KEY_LIMIT),
        bulk=storable("[" + ",".join(element.model_dump_json() for element in event.bulk) + "]"),
    )


def _int4(number: int | None) -> int | None:
    return number if number is not None and abs(number) < INTEGER_LIMIT else None
