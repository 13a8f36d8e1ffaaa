"""What objects say of their own de-identification: all of it true, and nothing left out (PS3.15 Section E.1.1)."""

import pytest

from services.anonymiser import passage
from services.anonymiser.dataset.tree import Element, find, word
from services.anonymiser.engine import Cleaned, Engine
from services.anonymiser.pixels.cleaning import Untouched
from services.anonymiser.pixels.workers import Examiner
from services.anonymiser.profile.load import load
from services.anonymiser.profile.options import Option
from shared.dicom.patients import Patients
from tests.unit.anonymiser.building import (
    MR,
    PSEUDONYMS,
    SC,
    SITE,
    claimed,
    cleaned,
    elements_of,
    instance,
    sequence,
    text,
)

METHOD, LONGITUDINAL = 0x00120063, 0x00280303
BASIC, PIXELS = "113100", "113101"


def told(result: Cleaned) -> list[str]:
    element = find(elements_of(result), METHOD)
    assert element is not None
    return element.content.decode().strip().split("\\")


def own(options: str = "", attributes: str = "", more: str = "") -> str:
    return f"name: own\nbase: basic\ntitle: Own\noptions: [{options}]\nattributes:\n{attributes or '  []'}\n{more}"


def rule(path: str, action: str, more: str = "") -> str:
    return f'  - {{path: "{path}", action: {action}, why: a test{more}}}\n'


CARRIED_OUT = {
    Option.RETAIN_UIDS: text(0x00200052, "UI", "2.77.4711"),
    Option.RETAIN_DEVICE_IDENTITY: text(0x00081010, "SH", "MR01"),
    Option.RETAIN_INSTITUTION_IDENTITY: text(0x00080080, "LO", "Charite "),
    Option.RETAIN_PATIENT_CHARACTERISTICS: text(0x00101020, "DS", "1.77"),
    Option.RETAIN_FULL_DATES: text(0x00080020, "DA", "20160517"),
    Option.RETAIN_MODIFIED_DATES: text(0x00080020, "DA", "20160517"),
    Option.CLEAN_DESCRIPTORS: text(0x00081030, "LO", "Abdomen "),
    Option.CLEAN_STRUCTURED_CONTENT: sequence(0x0040A730, (text(0x0040A040, "CS", "TEXT"),)),
    Option.CLEAN_GRAPHICS: sequence(0x00700001, (text(0x00700002, "CS", "LAYER1"),)),
}


@pytest.mark.parametrize("option", CARRIED_OUT)
def test_an_option_is_claimed_by_objects_in_which_it_did_something_and_by_no_other(option: Option):
    profile = own(option.value)
    assert claimed(cleaned(instance(CARRIED_OUT[option]), profile)) == [BASIC, option.code]
    nothing = instance(text(0x00080060, "CS", "MR"))
    expected = [BASIC, option.code] if option is Option.RETAIN_UIDS else [BASIC]  # it has UIDs of its own
    assert claimed(cleaned(nothing, profile)) == expected


def test_an_empty_attribute_is_nothing_that_an_option_has_kept():
    assert claimed(cleaned(instance(text(0x00081010, "SH", "")), own("retain-device-identity"))) == [BASIC]


def test_safe_private_is_claimed_where_an_element_stays():
    safe = (text(0x20050010, "LO", "Philips MR Imaging DD 001 "), Element(0x2005100D, "FL", b"\0\0\x80?"))
    unsafe = (text(0x00090010, "LO", "ACME"), text(0x00091001, "LO", "KANARIE "))
    profile = own("retain-safe-private")
    assert claimed(cleaned(instance(*safe), profile)) == [BASIC, "113111"]
    assert claimed(cleaned(instance(*unsafe), profile)) == [BASIC]


def test_all_options_of_a_profile_are_claimed_one_by_one():
    described = instance(text(0x00081030, "LO", "Abdomen "), text(0x00080020, "DA", "20160517"))
    found = claimed(cleaned(described, "research"))
    assert found == [BASIC, "113105", "113107"]


# --- pixels


@pytest.mark.parametrize("examined", [True, False])
def test_clean_pixels_are_claimed_only_when_every_frame_was_examined(monkeypatch: pytest.MonkeyPatch, examined: bool):
    monkeypatch.setattr(passage, "clean_pixels", lambda *_, **__: Untouched(examined=examined))
    assert (PIXELS in claimed(cleaned(instance(), own("clean-pixel-data")))) is examined
    assert PIXELS not in claimed(cleaned(instance(), "basic"))


def test_a_frame_that_was_really_read_and_is_without_text_claims_it():
    sides = (Element(tag, "US", (64).to_bytes(2, "little")) for tag in (0x00280010, 0x00280011))
    picture = instance(Element(0x7FE00010, "OW", bytes(64 * 64 * 2)), *sides, sop_class=SC)
    research = Engine(load("research"), PSEUDONYMS, Patients.of(SITE), Examiner(0))
    result = research.anonymise(picture, SITE)
    assert isinstance(result, Cleaned)
    assert claimed(result) == [BASIC, PIXELS]


def test_what_nobody_looks_at_does_not_claim_it():
    pixels = Element(0x7FE00010, "OW", bytes(64))
    never = own("clean-pixel-data", more="pixels: {never: [MR]}\n")
    assert claimed(cleaned(instance(pixels), never)) == [BASIC]


# --- departures

DEPARTING = {
    "keep": (rule("InstitutionName", "keep"), "InstitutionName keep"),
    "redact": (rule("StudyDescription", "redact"), "StudyDescription redact"),
    "clean without its option": (rule("StudyDescription", "clean"), "StudyDescription clean"),
    "shift without its option": (rule("StudyDate", "shift"), "StudyDate shift"),
    "first of the month": (rule("PatientBirthDate", "first-of-month"), "PatientBirthDate first-of-month"),
    "a code": (rule("InstitutionName", "code"), "InstitutionName code"),
    "a group": (rule("(0018,xxxx)", "keep"), "(0018,xxxx) keep"),
    "a group, one VR": (rule("(0010,xxxx)", "keep", ", vr: [AS]"), "(0010,xxxx) keep"),
    "everything": (rule("(xxxx,xxxx)", "keep"), "(xxxx,xxxx) keep"),
    "a private group": (rule("(0019,xxxx)", "keep"), "(0019,xxxx) keep"),
    "a private element": (rule("(0019,1001)", "keep"), "(0019,1001) keep"),
    "nested": (
        rule("RequestAttributesSequence/RequestedProcedureID", "keep"),
        "RequestAttributesSequence/RequestedProcedureID keep",
    ),
    "nested, behind another one": (
        rule("OtherPatientIDsSequence/PatientComments", "remove") + rule("(0040,0275)/PatientComments", "keep"),
        "(0040,0275)/PatientComments keep",
    ),
    "top level only": (rule("/StationName", "keep"), "/StationName keep"),
    "below, where the top level is forbidden": (
        rule("StationName", "keep") + rule("/StationName", "remove"),
        "StationName keep",
    ),
    "a sequence": (rule("(0040,0275)", "keep"), "(0040,0275) keep"),
    "what the table does not name": (rule("(0014,2006)", "keep"), "(0014,2006) keep"),
    "what no edition knows": (rule("(0008,FFF0)", "keep"), "(0008,FFF0) keep"),
    "text that would be searched": (rule("ManufacturerModelName", "keep"), "ManufacturerModelName keep"),
}


@pytest.mark.parametrize(("attributes", "departure"), DEPARTING.values(), ids=DEPARTING)
def test_a_profile_that_departs_says_where_and_does_not_claim_the_basic_profile(attributes: str, departure: str):
    result = cleaned(
        instance(text(0x00101020, "DS", "1.77")), own("retain-patient-characteristics", attributes, REPORT)
    )
    assert claimed(result) == ([] if "xxxx,xxxx" in departure else ["113108"])
    assert f"departs: {departure}"[:64] in told(result)


# The gate would hold what is left on purpose.
REPORT = "gate: report\n"
STRICTER = {
    "remove": rule("Modality", "remove"),
    "empty": rule("PatientSex", "empty"),
    "a dummy": rule("StudyDescription", "dummy"),
    "a fixed value": rule("InstitutionName", "set", ", value: Hospital"),
    "keep, and then not": rule("InstitutionName", "keep") + rule("InstitutionName", "remove"),
    "what stays anyhow": rule("BodyPartExamined", "keep"),
    "what the option keeps": rule("PatientWeight", "keep"),
    "what the option caps": rule("PatientAge", "age"),
    "the patient's code": rule("PatientID", "code"),
}


@pytest.mark.parametrize("attributes", STRICTER.values(), ids=STRICTER)
def test_a_profile_that_is_stricter_claims_it(attributes: str):
    result = cleaned(instance(text(0x00101020, "DS", "1.77")), own("retain-patient-characteristics", attributes))
    assert claimed(result) == [BASIC, "113108"]
    assert [line for line in told(result) if line.startswith("departs")] == []


def test_a_conditional_rule_departs_only_where_it_applies():
    rules = "rules:\n  - when: {Manufacturer: {equals: [ACME]}}\n    why: w\n    attributes:\n    "
    profile = own(more=rules + rule("StationName", "keep"))
    station = text(0x00081010, "SH", "MR01")
    other = cleaned(instance(text(0x00080070, "LO", "Other "), station), profile)
    acme = cleaned(instance(text(0x00080070, "LO", "ACME"), station), profile)
    assert claimed(other) == [BASIC]
    assert claimed(acme) == []
    assert "departs: StationName keep" in told(acme)
    assert (find(elements_of(other), 0x00081010), find(elements_of(acme), 0x00081010)) == (None, station)


def test_many_departures_are_told_up_to_a_number():
    many = "".join(rule(f"(0010,{number:04X})", "keep") for number in range(0x4000, 0x4040))
    lines = told(cleaned(instance(), own(attributes=many)))
    assert len([line for line in lines if line.startswith("departs: (0010,")]) == 40
    assert lines[-1] == "departs: and more"


def test_the_method_names_table_and_profile_and_fits_its_vr():
    result = cleaned(instance(), "research")
    lines = told(result)
    assert lines[0] == "Isocentre"
    assert lines[1] == "PS3.15 2026d Table E.1-1"
    assert lines[2].startswith("profile research-")
    assert all(len(line) <= 64 for line in lines)


# --- dates


@pytest.mark.parametrize(
    ("options", "attributes", "expected"),
    [
        ("", "", "REMOVED"),
        ("clean-descriptors", "", "REMOVED"),
        ("retain-longitudinal-modified-dates", "", "MODIFIED"),
        ("retain-longitudinal-full-dates", "", "UNMODIFIED"),
        ("", rule("PatientBirthDate", "first-of-month"), "MODIFIED"),
        ("", rule("(0008,xxxx)", "keep", ", vr: [DA]"), "MODIFIED"),
        ("", rule("(0008,xxxx)", "keep", ", vr: [LO]"), "REMOVED"),
    ],
)
def test_what_became_of_dates_is_told(options: str, attributes: str, expected: str):
    result = cleaned(instance(sop_class=MR), own(options, attributes))
    assert word(elements_of(result), LONGITUDINAL) == expected


def test_dates_cut_to_their_month_are_modified_but_no_option_of_the_standard():
    profile = own("retain-longitudinal-modified-dates", more="dates: {style: first-of-month}\n")
    result = cleaned(instance(text(0x00080020, "DA", "20160517")), profile)
    assert word(elements_of(result), 0x00080020) == "20160501"
    assert claimed(result) == []
    assert "departs: dates keep year and month" in told(result)
    assert word(elements_of(result), LONGITUDINAL) == "MODIFIED"
