"""Each option column of Table E.1-1, row by row: C cleans in its way, and without the option nothing is left."""

from datetime import date, timedelta

import pytest

from services.anonymiser.dataset.tree import Element, find
from tests.support.probe import ENHANCED_MR, FRAME_CONTENT, SHARED_GROUPS, Row
from tests.unit.anonymiser.building import PSEUDONYMS, cleaned, elements_of, instance, sequence, text
from tests.unit.anonymiser.option_cases import Case, cases, coded, found, planted, texts_of

# --- C: dates moved

DAY, TIME = date(2016, 5, 17), "091533.25 "
# Many patients share these, or anybody can look them up: moved, they would tell the shift; and so do what comes from
# elsewhere in time. They go, which is within C (services/anonymiser/README.md).
SHARED = {
    "Calibration Date",
    "Calibration DateTime",
    "Calibration Time",
    "Date of Installation",
    "Date of Last Calibration",
    "Date of Last Detector Calibration",
    "Context Group Local Version",
    "Context Group Version",
    "Date of Manufacture",
    "DateTime of Last Calibration",
    "Hanging Protocol Creation DateTime",
    "Source Strength Reference Date",
    "Source Strength Reference Time",
    "Ethics Committee Approval Effectiveness End Date",
    "Ethics Committee Approval Effectiveness Start Date",
    "Product Expiration DateTime",
    "Template Local Version",
    "Template Version",
    "Time of Last Calibration",
    "Time of Last Detector Calibration",
    "Timezone Offset From UTC",
    # Bytes, in which nothing here finds a date.
    "Certified Timestamp",
    "Frame Origin Timestamp",
}


def when(row: Row) -> str:
    return {"DA": f"{DAY:%Y%m%d}", "DT": f"{DAY:%Y%m%d}{TIME}", "TM": TIME}.get(row.vr, "+0230 ")


@pytest.mark.parametrize("case", cases("C", "retain_longitudinal_modified_dates"), ids=str)
def test_c_moves_dates_and_keeps_times_of_day_and_without_it_both_are_gone(case: Case):
    data = planted(case, text(case.row.tag, case.row.vr, when(case.row)))
    result = cleaned(data, case.profile)
    element = found(case, result)
    kept = "" if element is None else element.content.decode().strip(" \0")
    day = DAY + timedelta(days=PSEUDONYMS.shift(result.patient).days)
    expected = when(case.row).replace(f"{DAY:%Y%m%d}", f"{day:%Y%m%d}").strip()
    if case.row.name in SHARED:
        assert kept in ("", "000000", "19000101", "19000101000000")
    else:
        assert kept == expected
    for value_before in (f"{DAY:%Y%m%d}", TIME.strip(), "+0230"):
        assert value_before.encode() not in cleaned(data, "basic").part10


def test_whoever_keeps_full_dates_keeps_those_of_devices_too():
    full = {case.row.name for case in cases("K", "retain_longitudinal_full_dates")}
    assert SHARED & full == SHARED


# --- C: texts, content trees and graphics cleaned

# What the object itself says here is looked for everywhere else, and so it goes here too.
LABELS = {"Occupation", "Requesting Service"}
WORDS = "Doe abdomen "
ANNOTATION = (
    text(0x00700006, "ST", WORDS),
    text(0x00080104, "LO", WORDS),
    text(0x0040A160, "UT", WORDS),
    text(0x0040A123, "PN", "Doe^Jane"),
    sequence(0x0040A043, coded("Abdomen ")),
)


@pytest.mark.parametrize("case", cases("C", "clean_descriptors", "retain_patient_characteristics"), ids=str)
def test_c_leaves_of_texts_the_words_of_a_vocabulary_and_without_it_nothing(case: Case):
    row = case.row
    element = sequence(row.tag, ANNOTATION) if row.vr == "SQ" else text(row.tag, row.vr, WORDS)
    data = planted(case, element)
    result = cleaned(data, case.profile)
    assert "Doe" not in texts_of(found(case, result))
    assert b"Doe" not in result.part10
    # Nothing here looks into bytes, nor for words in codes.
    expected = row.vr not in ("OB", "CS") and row.name not in LABELS
    assert ("abdomen" in texts_of(found(case, result))) is expected
    assert b"abdomen" not in cleaned(data, "basic").part10


@pytest.mark.parametrize("case", cases("C", "clean_structured_content", "clean_graphics"), ids=str)
def test_c_goes_into_sequences_and_without_it_they_are_empty_or_full_of_dummies(case: Case):
    data = planted(case, sequence(case.row.tag, ANNOTATION))
    result = cleaned(data, case.profile)
    told = texts_of(found(case, result))
    assert "Doe" not in told
    assert "Abdomen" in told, "a code of a public scheme"
    assert "abdomen" in told
    basic = cleaned(data, "basic").part10
    assert b"Doe" not in basic
    assert b"abdomen" not in basic.lower()


# --- C: identities of devices, safe private elements


@pytest.mark.parametrize("case", cases("C", "retain_device_identity"), ids=str)
def test_ae_titles_are_cleaned_by_going_since_nothing_tells_which_are_harmless(case: Case):
    assert case.row.vr == "AE"
    data = planted(case, text(case.row.tag, "AE", "KANARIE1"))
    for profile in (case.profile, "basic"):
        assert b"KANARIE1" not in cleaned(data, profile).part10


@pytest.mark.parametrize("place", ["top", "nested"])
def test_safe_private_elements_stay_with_their_creator_and_without_the_option_none_does(place: str):
    block = (
        text(0x20050010, "LO", "Philips MR Imaging DD 001 "),
        Element(0x2005100D, "FL", b"\0\0\x80?"),
        text(0x20051035, "CS", "MAGIC "),
        text(0x200510FE, "LO", "KANARIE "),
        text(0x00090010, "LO", "KANARIE "),
        text(0x00091001, "LO", "KANARIE "),
    )
    if place == "top":
        data = instance(*block, sop_class=ENHANCED_MR)
    else:
        data = instance(sequence(SHARED_GROUPS, (sequence(FRAME_CONTENT, block),)), sop_class=ENHANCED_MR)
    profile = "name: own\nbase: basic\ntitle: Own\noptions: [retain-safe-private]\n"
    result = cleaned(data, profile)
    assert b"Philips MR Imaging DD 001" in result.part10
    assert b"\0\0\x80?" in result.part10
    assert b"KANARIE" not in result.part10
    assert find(elements_of(result), 0x00080300) is not None
    assert b"Philips" not in cleaned(data, "basic").part10
