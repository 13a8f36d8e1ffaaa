"""The verdict on one instance."""

import json
from io import BytesIO

import pydicom
import pytest
from pydicom.encaps import encapsulate

from services.anonymiser.dataset.tree import Element, find
from services.anonymiser.engine import Cleaned, Engine
from services.anonymiser.profile.load import load
from shared.dicom.constants import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from shared.dicom.identity import Pseudonyms
from shared.dicom.patients import Merge, Patients, Person, Rules
from shared.events import Finding
from tests.unit.anonymiser.building import (
    DEFLATED,
    NATIVE,
    PSEUDONYMS,
    RLE,
    SITE,
    body_of,
    cleaned,
    elements_of,
    engine,
    instance,
    sequence,
    text,
    value_of,
)

PIXELS = Element(0x7FE00010, "OW", bytes(range(256)) * 2)
FRAGMENTS = encapsulate([b"one!", b"two two!"], has_bot=True)
ENCAPSULATED = Element(0x7FE00010, "OB", FRAGMENTS, encapsulated=True)


@pytest.mark.parametrize("syntax", NATIVE)
def test_a_part_10_file_of_our_own(syntax: str):
    original = bytearray(instance(PIXELS, text(0x00080020, "DA", "20240102"), syntax=syntax))
    original[:128] = b"MZ" * 64
    result = cleaned(bytes(original))
    assert result.part10[:132] == bytes(128) + b"DICM"
    dataset = pydicom.dcmread(BytesIO(result.part10))
    meta = dataset.file_meta
    assert meta.TransferSyntaxUID == result.transfer_syntax_uid == syntax
    assert meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID == result.instance_uid
    assert meta.MediaStorageSOPClassUID == dataset.SOPClassUID == result.sop_class_uid
    assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
    assert meta.ImplementationVersionName == IMPLEMENTATION_VERSION_NAME
    assert meta.FileMetaInformationGroupLength == len(result.part10[144:]) - len(body_of(result.part10))
    assert dataset.PixelData == PIXELS.value
    assert dataset.PatientID == str(dataset.PatientName) == result.patient.code
    assert (dataset.StudyInstanceUID, dataset.SeriesInstanceUID) == (result.study_uid, result.series_uid)


def test_all_syntaxes_tell_the_same_header():
    headers = [cleaned(instance(text(0x00080020, "DA", "20240102"), syntax=syntax)).header for syntax in NATIVE]
    assert headers[1:] == headers[:-1]


def test_markers():
    dataset = pydicom.dcmread(BytesIO(cleaned(instance(text(0x00080020, "DA", "20240102"))).part10))
    assert dataset.PatientIdentityRemoved == "YES"
    assert dataset.LongitudinalTemporalInformationModified == "MODIFIED"
    assert "PS3.15 2026d Table E.1-1" in dataset.DeidentificationMethod
    codes = [(item.CodeValue, item.CodingSchemeDesignator) for item in dataset.DeidentificationMethodCodeSequence]
    assert codes == [("113100", "DCM"), ("113107", "DCM")]
    assert [item.CodeMeaning for item in dataset.DeidentificationMethodCodeSequence] == [
        "Basic Application Confidentiality Profile",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ]


def test_an_option_that_had_nothing_to_do_is_not_claimed():
    dataset = pydicom.dcmread(BytesIO(cleaned(instance()).part10))
    assert [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence] == ["113100"]


def test_encapsulated_fragments_are_untouched_and_described():
    result = cleaned(instance(ENCAPSULATED, text(0x00280008, "IS", "2"), syntax=RLE))
    assert FRAGMENTS in result.part10
    assert value_of(result, 0x7FE00010) == FRAGMENTS.rstrip(b" \0")
    (described,) = result.bulk
    assert described.model_dump() == {"tag": "7FE00010", "vr": "OB", "length": 12, "encapsulated": True, "fragments": 2}


def test_native_bulk_is_described_and_not_in_the_header():
    table = Element(0x00281201, "OW", bytes(600))
    long_numbers = Element(0x00209157, "UL", bytes(2048))
    result = cleaned(instance(PIXELS, table, long_numbers))
    assert {(bulk.tag, bulk.vr, bulk.length) for bulk in result.bulk} == {
        ("00281201", "OW", 600),
        ("7FE00010", "OW", 512),
        ("00209157", "UL", 2048),
    }
    assert not {"00281201", "7FE00010", "00209157"} & result.header.keys()


def test_references_still_find_their_images():
    reference = (text(0x00081150, "UI", "1.2.840.10008.5.1.4.1.1.4"), text(0x00081155, "UI", "1.2.3.4.5\0"))
    result = cleaned(instance(sequence(0x00081140, reference), text(0x00200052, "UI", "1.2.840.10008.1.4.1.1")))
    dataset = pydicom.dcmread(BytesIO(result.part10))
    (item,) = dataset.ReferencedImageSequence
    assert item.ReferencedSOPInstanceUID == result.instance_uid
    assert item.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.4"
    assert dataset.FrameOfReferenceUID == "1.2.840.10008.1.4.1.1", "a well-known frame of reference names nobody"


def test_a_name_is_not_a_sop_class():
    result = cleaned(instance(sequence(0x00081140, (text(0x00081150, "UI", "KANARIE^Jane"),))))
    assert b"KANARIE" not in result.part10


def test_even_an_instance_uid_under_dicoms_root_is_replaced():
    result = cleaned(instance(text(0x00080018, "UI", "1.2.840.10008.5.1")))
    assert result.instance_uid == PSEUDONYMS.uid("1.2.840.10008.5.1")


def test_dates_move_together_and_malformed_ones_go():
    result = cleaned(
        instance(
            text(0x00080020, "DA", "20240102"),
            text(0x0008002A, "DT", "20240105101112"),
            text(0x00080030, "TM", "101112"),
            text(0x00080012, "DA", "January"),  # X/D, and of type 3
            text(0x00321000, "DA", "January"),  # X
            text(0x00100030, "DA", "19500102"),
            text(0x00080201, "SH", "+0100"),
            text(0x00181200, "DA", "20230101"),
        )
    )
    days = PSEUDONYMS.shift(result.patient).days
    dataset = pydicom.dcmread(BytesIO(result.part10))
    assert dataset.StudyTime == "101112"
    assert "InstanceCreationDate" not in dataset
    assert (dataset.PatientBirthDate, "ScheduledStudyStartDate" in dataset) == ("", False)
    assert "TimezoneOffsetFromUTC" not in dataset
    assert "DateOfLastCalibration" not in dataset, "many patients share it, so it would tell their shifts"
    moved = pydicom.valuerep.DA(dataset.StudyDate), pydicom.valuerep.DT(dataset.AcquisitionDateTime).date()
    assert (moved[1] - moved[0]).days == 3
    assert (moved[0] - pydicom.valuerep.DA("20240102")).days == days
    assert Finding(code="malformed-date", tag="00080012") in result.findings


def test_a_dummy_sequence_keeps_its_form_and_nothing_else():
    annotation = (
        text(0x0040A130, "CS", "POINT"),
        text(0x00700006, "ST", "Doe, Jane"),
        text(0x0040A160, "UT", "seen by Dr. Roe"),
        Element(0x0040A132, "UL", b"\5\0\0\0"),
        sequence(0x0040A043, (text(0x00080100, "SH", "Roe"), text(0x00080104, "LO", "Roe"))),
    )
    result = cleaned(instance(sequence(0x0040B020, annotation), sop_class="1.2.840.10008.5.1.4.1.1.9.1.1"))
    element = find(elements_of(result), 0x0040B020)
    assert element is not None
    values = {child.tag: child.value for child in element.items[0]}
    assert values[0x0040A130] == b"POINT "
    assert values[0x00700006] == b"ANONYMISED"
    assert values[0x0040A132] == b"\5\0\0\0"
    assert b"Roe" not in result.part10


def test_the_patient_is_the_same_within_a_site_and_another_elsewhere():
    other = Engine(load("basic"), PSEUDONYMS, Patients.of("s2"))
    one, same = cleaned(instance()), cleaned(instance(text(0x0020000D, "UI", "1.2.9")))
    elsewhere = other.anonymise(instance(), "s2")
    assert isinstance(elsewhere, Cleaned)
    assert one.patient == same.patient != elsewhere.patient
    assert one.instance_uid == elsewhere.instance_uid


def test_without_a_patient_id_the_study_stands_in_and_it_says_so():
    result = cleaned(instance(text(0x00100020, "LO", " ")))
    assert result.patient.from_study
    assert value_of(result, 0x00100020) == result.patient.code.encode()
    assert Finding(code="patient-from-study") in result.findings
    assert Finding(code="patient-from-study") not in cleaned(instance()).findings


def test_another_key_gives_another_identity():
    other = Engine(load("basic"), Pseudonyms(b"x" * 32), Patients.of(SITE)).anonymise(instance(), SITE)
    assert isinstance(other, Cleaned)
    assert other.instance_uid != cleaned(instance()).instance_uid


def test_cleaning_twice_gives_the_same_bytes():
    data = instance(PIXELS, text(0x00080020, "DA", "20240102"), syntax=DEFLATED)
    assert cleaned(data) == cleaned(data)
    assert engine().revision(SITE) == engine().revision(SITE)


def test_merges_are_in_the_revision_of_the_sites_that_they_concern():
    """Else the same revision and input would give two codes, and the second one's event would pass for a repeat."""

    def told(*merges: tuple[str, str, str], key: bytes = b"k" * 32, site: str = SITE) -> str:
        rules = {SITE: Rules("domain"), "shares": Rules("domain"), "apart": Rules("apart")}
        made = [Merge(Person(where, "", old), Person(where, "", new), old) for where, old, new in merges]
        return Engine(load("basic"), Pseudonyms(key), Patients(rules, made)).revision(site)

    one, other = ("domain", "0042", "4711"), ("domain", "0043", "4711")
    assert len({told(), told(one), told(other), told(one, other), told(one, key=b"x" * 32)}) == 5
    assert told(one, other) == told(other, one), "their order decides nothing"
    assert told(one, site="shares") != told(site="shares")
    assert told(one, site="apart") == told(site="apart")


@pytest.mark.parametrize(
    ("charset", "value", "shown"),
    [
        (b"ISO_IR 100", "Übersicht".encode("latin-1"), "Übersicht"),
        (b"ISO_IR 192", "総覧".encode(), "総覧"),
        (b"GB18030", "概览".encode("gb18030"), "概览"),
        (b"\\ISO 2022 IR 87", "総覧".encode("iso2022_jp"), "総覧"),
        (b"\\ISO 2022 IR 149", b"\x1b$)C\xb0\xb3\xbf\xe4", "개요"),
    ],
)
def test_text_stays_in_its_character_set(charset: bytes, value: bytes, shown: str):
    result = cleaned(instance(Element(0x00080005, "CS", charset), Element(0x00081090, "LO", value)))
    assert result.header["00081090"]["Value"] == [shown]
    assert pydicom.dcmread(BytesIO(result.part10))["00081090"].value == shown
    assert result.header["00080005"]["Value"] == ["ISO_IR 192"]


@pytest.mark.parametrize("charset", [b"", b"ISO_IR 999", b"ISO_IR 192"])
def test_text_that_nobody_can_decode_is_emptied(charset: bytes):
    result = cleaned(instance(Element(0x00080005, "CS", charset), Element(0x00081090, "LO", b"\xdcbersicht")))
    assert value_of(result, 0x00081090) == b""
    assert Finding(code="undecodable-text", tag="00081090") in result.findings
    assert value_of(result, 0x00080005) == (None if b"999" in charset else charset)


def test_json_has_no_nan():
    numbers = Element(0x00189073, "FD", b"\0\0\0\0\0\0\xf8\x7f")
    result = cleaned(instance(numbers, text(0x00280030, "DS", "0.5\\\\1e400"), text(0x00200013, "IS", "7")))
    assert json.loads(json.dumps(result.header, allow_nan=False)) == result.header
    assert result.header["00189073"] == {"vr": "FD"}
    assert result.header["00280030"]["Value"] == [0.5, None, None]
    assert result.header["00200013"]["Value"] == [7]
    assert {finding.tag for finding in result.findings} == {"00189073", "00280030"}
    assert pydicom.Dataset.from_json(json.dumps(result.header)).InstanceNumber == 7
