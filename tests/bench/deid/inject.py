"""Injects identifiers with known truth into an object: header, nested, dates, UIDs, private, text."""

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

import yaml

from tests.bench.deid import private
from tests.bench.deid.actions import said
from tests.bench.deid.generated import technical
from tests.bench.deid.normal import apart, plain
from tests.bench.deid.people import OLDEST_SHOWN
from tests.bench.deid.truth import ANYWHERE, META
from tests.bench.deid.wording import LISTS
from tests.bench.deid.writer import Writer

OFTEN, SELDOM = 0.5, 0.25
VALUES = (
    "Modality",
    "Manufacturer",
    "ManufacturerModelName",
    "BodyPartExamined",
    "ImageType",
    "KVP",
    "SliceThickness",
    "RepetitionTime",
    "EchoTime",
    "ConvolutionKernel",
    "ViewPosition",
    "Units",
    "PixelSpacing",
    "Rows",
    "Columns",
    "BitsStored",
    "PhotometricInterpretation",
)
"""Attributes whose value has to stay, not only the attribute."""

STRUCTURAL = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PixelData",
    "SOPClassUID",
    "Modality",
    "SeriesNumber",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
)
REGIONS = (
    ("T-D3000", "SRT", "Chest"),
    ("T-D4000", "SRT", "Abdomen"),
    ("T-A0100", "SRT", "Brain"),
    ("T-04000", "SRT", "Breast"),
)
FURTHER_DATES = (
    "InstanceCreationDate",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepEndDate",
    "AdmittingDate",
)
PROCEDURES = (("24627-2", "LN", "CT Chest"), ("24590-2", "LN", "MR Brain"), ("36643-5", "LN", "XR Chest 2 Views"))


@cache
def headers() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((LISTS / "headers.yaml").read_text(encoding="utf-8"))
    return loaded


def everything(writer: Writer) -> None:
    """All that an object of any kind gets. Its UIDs and its pixels are the caller's."""
    writer.dataset.SpecificCharacterSet = writer.case.patient.character_set
    identifiers(writer)
    characteristics(writer)
    descriptors(writer)
    dates(writer)
    nested(writer)
    private.inject(writer)
    anywhere(writer)
    marks(writer)


def identifiers(writer: Writer) -> None:
    """What Table E.1-1 removes or replaces, wherever it applies."""
    always = headers()["always"]
    for keyword, template in headers()["remove"].items():
        if keyword in always or writer.random.random() < OFTEN:
            writer.remove(keyword, template)
    if writer.case.patient.told_issuer:  # in all of his objects: with another issuer it would be another patient
        writer.remove("IssuerOfPatientID", "{issuer}")
    writer.expect("text_notnull", "PatientID")
    writer.expect("text_notnull", "PatientName")
    writer.expect("patid_consistent", "PatientID", writer.case.patient.mrn)


def characteristics(writer: Writer) -> None:
    """What stays with the option, but for great ages; the birth date never does."""
    patient, day = writer.case.patient, writer.case.visit.day
    writer.dataset.PatientBirthDate = patient.birth.strftime("%Y%m%d")
    writer.expect("text_removed", "PatientBirthDate", patient.birth.strftime("%Y%m%d"), "whole")
    writer.retain("PatientSex", patient.name.sex)
    age = f"{patient.age(day):03}Y"
    if patient.age(day) <= OLDEST_SHOWN:
        writer.retain("PatientAge", age)
    elif patient.age(day) > OLDEST_SHOWN + 1:  # one year more is what all of them may become
        writer.dataset.PatientAge = age
        writer.expect("text_removed", "PatientAge", age, "whole")
    if writer.random.random() < OFTEN:
        writer.retain("PatientWeight", str(writer.random.randint(480, 1100) / 10))
    menses = (day - timedelta(days=20)).strftime("%Y%m%d")
    for keyword, value in (("EthnicGroup", "Northlander"), ("LastMenstrualDate", menses)):
        if writer.random.random() < SELDOM:
            setattr(writer.dataset, keyword, value)
            writer.expect("text_removed", keyword, value, "whole")


def descriptors(writer: Writer) -> None:
    """Free text, short and long."""
    here = writer.at("text")
    for keyword, how in headers()["text"].items():
        if keyword in headers()["always"] or writer.random.random() < SELDOM:
            here.phrase(keyword, how["kind"], how["limit"])
    if writer.case.modality in ("CT", "MR") and writer.random.random() < OFTEN:
        here.phrase("ContrastBolusAgent", "contrast", 64)


def dates(writer: Writer) -> None:
    """Dates of the study, which move; of devices and in no known form, which go."""
    visit = writer.case.visit
    moment = datetime.combine(visit.day, time()) + timedelta(seconds=visit.seconds)
    for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        if keyword != "AcquisitionDate" or writer.case.modality not in ("SR", "PR"):
            writer.day(keyword, visit.day, needed=True)
    for keyword in ("StudyTime", "SeriesTime", "ContentTime"):
        setattr(writer.dataset, keyword, moment.strftime("%H%M%S"))
        writer.expect("text_notnull", keyword)
    for keyword in FURTHER_DATES:
        if writer.random.random() < OFTEN:
            writer.day(keyword, visit.day - timedelta(days=writer.random.randint(0, 3)))
    if writer.random.random() < OFTEN:
        writer.moment("AcquisitionDateTime", moment)
    if writer.random.random() < SELDOM:
        calibrated = visit.day - timedelta(days=writer.random.randint(1, 200))
        writer.dataset.DateOfLastCalibration = calibrated.strftime("%Y%m%d")
        writer.expect("text_removed", "DateOfLastCalibration", calibrated.strftime("%Y%m%d"), "whole")
    if writer.random.random() < SELDOM:
        _old_form(writer, visit.day)


def _old_form(writer: Writer, day: date) -> None:
    """As before 1993, and wrong since (PS3.5 Table 6.2-1, DA)."""
    writer.dataset.ScheduledProcedureStepStartDate = day.strftime("%Y.%m.%d")
    writer.expect("text_removed", "ScheduledProcedureStepStartDate", day.strftime("%Y%m%d"), "whole")


def nested(writer: Writer) -> None:
    """The same in sequences, to any depth."""
    for write in (_request, _other_ids, _performer, _operator, _equipment, _original_attributes, _insurance):
        if writer.random.random() < OFTEN:
            write(writer)
    writer.code("AnatomicRegionSequence", *writer.random.choice(REGIONS))
    if writer.random.random() < OFTEN:
        writer.code("ProcedureCodeSequence", *writer.random.choice(PROCEDURES))


def _request(writer: Writer) -> None:
    item = writer.inside("RequestAttributesSequence")
    item.remove("RequestedProcedureID", "{order}")
    item.remove("ScheduledProcedureStepID", "{accession}")
    item.at("text").phrase("ScheduledProcedureStepDescription", "study", 64)


def _other_ids(writer: Writer) -> None:
    item = writer.inside("OtherPatientIDsSequence")
    item.remove("PatientID", "{other_mrn}")
    item.remove("IssuerOfPatientID", "{issuer}")
    item.dataset.TypeOfPatientID = "TEXT"


def _performer(writer: Writer) -> None:
    item = writer.inside("PerformingPhysicianIdentificationSequence")
    item.remove("InstitutionName", "{hospital}")
    item.remove("PersonTelephoneNumbers", "{phone}")
    _person(item, "{performing.pn}")


def _operator(writer: Writer) -> None:
    item = writer.inside("OperatorIdentificationSequence")
    item.remove("PersonAddress", "{street} {number}, {town}")
    _person(item, "{operator.pn}")


def _person(writer: Writer, name: str) -> None:
    code = writer.inside("PersonIdentificationCodeSequence")
    code.remove("CodeValue", "{login}")
    code.remove("CodeMeaning", name)
    code.dataset.CodingSchemeDesignator = "99LOCAL"


def _equipment(writer: Writer) -> None:
    item = writer.inside("ContributingEquipmentSequence")
    item.dataset.Manufacturer = "TeraRecon"
    item.code("PurposeOfReferenceCodeSequence", "109103", "DCM", "Modifying Equipment")
    item.remove("InstitutionName", "{hospital}")
    item.remove("InstitutionAddress", "{hospital.street}, {hospital.town}")
    item.remove("OperatorsName", "{operator.pn}")
    item.moment("ContributionDateTime", datetime.combine(writer.case.visit.day, time(12, 30)))


def _original_attributes(writer: Writer) -> None:
    item = writer.inside("OriginalAttributesSequence")
    item.dataset.AttributeModificationDateTime = writer.case.visit.day.strftime("%Y%m%d") + "1200"
    item.expect("date_shifted", "AttributeModificationDateTime", writer.case.visit.day.isoformat())
    item.remove("SourceOfPreviousValues", "{hospital}")
    item.dataset.ModifyingSystem, item.dataset.ReasonForTheAttributeModification = "PACS", "COERCE"
    before = item.inside("ModifiedAttributesSequence")
    before.remove("PatientName", "{maiden}^{given}")
    before.remove("PatientID", "{other_mrn}")


def _insurance(writer: Writer) -> None:
    item = writer.inside("PatientInsurancePlanCodeSequence")
    item.remove("CodeValue", "{insurance}")
    item.remove("CodeMeaning", "{ssn}")


def anywhere(writer: Writer) -> None:
    """The chief identifiers, in no element at all; those that some element does hold."""
    patient, visit = writer.case.patient, writer.case.visit
    texts = [plain(text) for text in said(writer.dataset)]
    for value in (patient.name.words, f"{patient.name.family} {patient.name.given}", patient.mrn, visit.accession):
        if any(apart(value).search(text) for text in texts):
            writer.at("anywhere").note("text_removed", ANYWHERE, value, "whole")


def marks(writer: Writer) -> None:
    """What the object says afterwards of what was done (PS3.15 Section E.1.1)."""
    writer.expect("text_notnull", "PatientIdentityRemoved")
    writer.expect("text_notnull", "DeidentificationMethod")


def instance(writer: Writer, study: str, series: str, sop: str) -> None:
    """The object's own UIDs, in the file meta information as well."""
    here = writer.at("uid")
    for keyword, uid in (("StudyInstanceUID", study), ("SeriesInstanceUID", series), ("SOPInstanceUID", sop)):
        here.uid(keyword, uid)
        here.expect("text_notnull", keyword)
    here.note("uid_changed", f"{META}00020003", sop)
    here.note("uid_consistent", f"{META}00020003", sop)
    here.retain("SOPClassUID")


def references(writer: Writer, frame_of_reference: str, others: list[tuple[str, str]]) -> None:
    """UIDs that name others: the frame of reference, and source images as (SOP class, instance)."""
    here = writer.at("uid")
    here.uid("FrameOfReferenceUID", frame_of_reference)
    for sequence in ("SourceImageSequence", "ReferencedImageSequence"):
        for sop_class, sop in others[:2]:
            item = here.inside(sequence)
            item.dataset.ReferencedSOPClassUID = sop_class
            item.uid("ReferencedSOPInstanceUID", sop)


def retained(writer: Writer) -> None:
    """What the object says of its making: it stays."""
    known = {keyword for kind in technical().values() for keyword in kind} | set(STRUCTURAL)
    for keyword in sorted(known - {"PatientSex", "PatientWeight", "PatientSize", "SOPClassUID"}):
        if keyword in writer.dataset and writer.dataset[keyword].value not in ("", None, b"", []):
            writer.expect("tag_retained", keyword)
            if keyword in VALUES:
                writer.retain(keyword)
