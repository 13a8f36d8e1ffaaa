"""The attributes a search can match and return (PS3.18 Tables 10.6.3-3 to 10.6.3-5, 10.6.1-5), and where they lie."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword


class Level(Enum):
    """What a search looks for, from the outside in."""

    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"

    def holds(self, other: "Level") -> bool:
        """Whether an object of this level has the attributes of `other`: its own and its parents'."""
        return LEVELS.index(other) <= LEVELS.index(self)


LEVELS = (Level.STUDY, Level.SERIES, Level.INSTANCE)


class Matching(Enum):
    """How a value is compared; it follows from the VR."""

    UID = "uid"
    DATE = "date"
    TIME = "time"
    NUMBER = "number"
    TEXT = "text"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute at its level; `column` is SQL of ours, never anything that came in a request."""

    tag: str
    keyword: str
    vr: str
    level: Level
    column: str
    matching: Matching | None
    required: bool = True
    conditional: bool = False
    """Left out of the answer when it has no value, where others are answered empty."""


BY_VR = {"UI": Matching.UID, "DA": Matching.DATE, "TM": Matching.TIME, "IS": Matching.NUMBER, "US": Matching.NUMBER}
CONDITIONAL = ("TimezoneOffsetFromUTC", "NumberOfFrames", "Rows", "Columns", "BitsAllocated")


def _of(level: Level, keyword: str, column: str, *, required: bool = True) -> Attribute:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    vr = dictionary_VR(tag)
    return Attribute(
        tag=f"{tag:08X}",
        keyword=keyword,
        vr=vr,
        level=level,
        column=column,
        matching=_matching(keyword, vr),
        required=required,
        conditional=keyword in CONDITIONAL,
    )


def _matching(keyword: str, vr: str) -> Matching | None:
    if keyword == "InstanceAvailability":
        return None
    return Matching.SET if keyword == "ModalitiesInStudy" else BY_VR.get(vr, Matching.TEXT)


STUDY = (
    _of(Level.STUDY, "StudyDate", "study.study_date"),
    _of(Level.STUDY, "StudyTime", "study.study_time"),
    _of(Level.STUDY, "AccessionNumber", "study.accession_number"),
    _of(Level.STUDY, "InstanceAvailability", "'ONLINE'"),
    _of(Level.STUDY, "ModalitiesInStudy", "study.modalities"),
    _of(Level.STUDY, "ReferringPhysicianName", "study.referring_physician_name"),
    _of(Level.STUDY, "TimezoneOffsetFromUTC", "study.timezone_offset"),
    _of(Level.STUDY, "PatientName", "study.patient_name"),
    _of(Level.STUDY, "PatientID", "study.patient_id"),
    _of(Level.STUDY, "PatientBirthDate", "study.birth_date"),
    _of(Level.STUDY, "PatientSex", "study.sex"),
    _of(Level.STUDY, "StudyInstanceUID", "study.study_instance_uid"),
    _of(Level.STUDY, "StudyID", "study.study_id"),
    _of(Level.STUDY, "NumberOfStudyRelatedSeries", "study.number_of_series"),
    _of(Level.STUDY, "NumberOfStudyRelatedInstances", "study.number_of_instances"),
    _of(Level.STUDY, "StudyDescription", "study.study_description", required=False),
)
SERIES = (
    _of(Level.SERIES, "Modality", "series.modality"),
    _of(Level.SERIES, "SeriesDescription", "series.series_description"),
    _of(Level.SERIES, "SeriesInstanceUID", "series.series_instance_uid"),
    _of(Level.SERIES, "SeriesNumber", "series.series_number"),
    _of(Level.SERIES, "NumberOfSeriesRelatedInstances", "series.number_of_instances"),
    _of(Level.SERIES, "PerformedProcedureStepStartDate", "series.performed_start_date"),
    _of(Level.SERIES, "PerformedProcedureStepStartTime", "series.performed_start_time"),
    _of(Level.SERIES, "SeriesDate", "series.series_date", required=False),
    _of(Level.SERIES, "SeriesTime", "series.series_time", required=False),
    _of(Level.SERIES, "BodyPartExamined", "series.body_part_examined", required=False),
    _of(Level.SERIES, "Laterality", "series.laterality", required=False),
)
INSTANCE = (
    _of(Level.INSTANCE, "SOPClassUID", "instance.sop_class_uid"),
    _of(Level.INSTANCE, "SOPInstanceUID", "instance.sop_instance_uid"),
    _of(Level.INSTANCE, "InstanceNumber", "instance.instance_number"),
    _of(Level.INSTANCE, "Rows", "instance.rows"),
    _of(Level.INSTANCE, "Columns", "instance.columns"),
    _of(Level.INSTANCE, "BitsAllocated", "instance.bits_allocated"),
    _of(Level.INSTANCE, "NumberOfFrames", "instance.number_of_frames"),
    _of(Level.INSTANCE, "AvailableTransferSyntaxUID", "instance.transfer_syntax_uid", required=False),
)
ALL = STUDY + SERIES + INSTANCE
AT_EVERY_LEVEL = frozenset(item for item in STUDY if item.keyword in ("InstanceAvailability", "TimezoneOffsetFromUTC"))
"""Required of series and instances too, even where the URL names their study."""
OF_LEVEL = {Level.STUDY: STUDY, Level.SERIES: SERIES, Level.INSTANCE: INSTANCE}
UIDS = {Level.STUDY: "StudyInstanceUID", Level.SERIES: "SeriesInstanceUID", Level.INSTANCE: "SOPInstanceUID"}

TAG = re.compile(r"[0-9A-Fa-f]{8}")


@cache
def _by_tag() -> dict[str, Attribute]:
    return {attribute.tag: attribute for attribute in ALL}


def searchable(name: str, level: Level) -> Attribute | None:
    """The attribute called `name` (keyword or eight hex digits) that a search at `level` can match."""
    found = find(tag_of(name) or "")
    return found if found is not None and found.matching is not None and level.holds(found.level) else None


def find(tag: str) -> Attribute | None:
    """The attribute of that tag, if it has a column."""
    return _by_tag().get(tag)


def tag_of(name: str) -> str | None:
    """The tag, as in DICOM JSON, that the keyword or tag `name` stands for; None: nothing in PS3.6 does."""
    if TAG.fullmatch(name):
        return name.upper() if keyword_for_tag(int(name, 16)) else None
    # Some retired attributes have no keyword, and would be found by an empty one.
    number = tag_for_keyword(name) if name else None
    return None if number is None else f"{number:08X}"


def uid_attribute(level: Level) -> Attribute:
    """The attribute that identifies an object of `level`."""
    return next(item for item in OF_LEVEL[level] if item.keyword == UIDS[level])
