"""What a profile's own words do: rules for kinds of objects, overrides by path, how dates and ages are treated."""

from datetime import date

import pytest

from services.anonymiser.dataset.tree import Element, word
from services.anonymiser.engine import Cleaned, Held, Rejected
from shared.outcome import Reason
from tests.unit.anonymiser.building import (
    CT,
    MR,
    PSEUDONYMS,
    cleaned,
    elements_of,
    flat,
    instance,
    sequence,
    text,
    value_of,
    verdict,
)

STATION, STUDY_DATE, STUDY_TIME = 0x00081010, 0x00080020, 0x00080030
AGE, BIRTH_DATE = 0x00101010, 0x00100030
REQUEST = 0x00400275


def own(*, options: str = "", rules: str = "", attributes: str = "", more: str = "") -> str:
    begin = f"name: own\nbase: basic\ntitle: Own\noptions: [{options}]\n"
    return f"{begin}rules: [{rules}]\nattributes: [{attributes}]\n{more}"


# --- rules for kinds of objects

CONDITIONS = {
    "modality": ("Modality: {equals: [mr, CT]}", text(0x00080060, "CS", "MR"), text(0x00080060, "CS", "US")),
    "SOP class": (f"SOPClassUID: {{equals: ['{MR}']}}", text(0x00080016, "UI", MR), text(0x00080016, "UI", CT)),
    "manufacturer": (
        "Manufacturer: {contains: [acme]}",
        text(0x00080070, "LO", "The ACME Company"),
        text(0x00080070, "LO", "Other "),
    ),
    "any attribute": (
        '"(0018,1030)": {contains: [head, neck]}',
        text(0x00181030, "LO", "Neck^contrast "),
        text(0x00181030, "LO", "Knee"),
    ),
    "several values": (
        "ImageType: {equals: [SECONDARY]}",
        text(0x00080008, "CS", "DERIVED\\SECONDARY "),
        text(0x00080008, "CS", "DERIVED\\PRIMARY "),
    ),
    "inside a sequence": (
        "RequestAttributesSequence/RequestedProcedureID: {equals: [P1]}",
        sequence(REQUEST, (text(0x00401001, "SH", "P1"),)),
        sequence(REQUEST, (text(0x00401001, "SH", "P2"),)),
    ),
    "absent": ("BodyPartExamined: {absent: true}", text(0x00180050, "DS", "1 "), text(0x00180015, "CS", "HEAD")),
    "present": ("BodyPartExamined: {absent: false}", text(0x00180015, "CS", "HEAD"), text(0x00180050, "DS", "1 ")),
    "two at once": (
        "Modality: {equals: [MR]}, BodyPartExamined: {equals: [HEAD]}",
        text(0x00180015, "CS", "HEAD"),
        text(0x00180015, "CS", "KNEE"),
    ),
}


@pytest.mark.parametrize(("condition", "meant", "other"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_rule_applies_where_its_conditions_hold_and_nowhere_else(condition: str, meant: Element, other: Element):
    keeps = own(
        rules=f"{{when: {{{condition}}}, attributes: [{{path: StationName, action: keep, why: w}}], why: w}}",
        more="gate: report\n",
    )
    station = text(STATION, "SH", "MR01")
    assert value_of(cleaned(instance(meant, station), keeps), STATION) == b"MR01"
    assert value_of(cleaned(instance(other, station), keeps), STATION) in (None, b"")
    holds = own(rules=f"{{when: {{{condition}}}, hold: true, why: w}}")
    assert verdict(instance(meant, station), holds) == Held(Reason.HELD_BY_PROFILE)
    assert isinstance(verdict(instance(other, station), holds), Cleaned)


def test_of_several_rules_all_that_apply_count_and_the_last_one_decides():
    rules = ", ".join(
        f"{{when: {{Modality: {{equals: [{modality}]}}}}, attributes: [{{path: {path}, action: set, value: {value}, "
        "why: w}], why: w}"
        for modality, path, value in (("MR", "StationName", "ONE"), ("MR", "StudyID", "TWO"), ("MR", "StudyID", "LAST"))
    )
    result = cleaned(instance(text(STATION, "SH", "MR01"), text(0x00200010, "SH", "4711")), own(rules=rules))
    assert (value_of(result, STATION), value_of(result, 0x00200010)) == (b"ONE", b"LAST")


def test_a_profile_may_drop_documents_or_hold_them():
    document = instance(Element(0x00420011, "OB", b"%PDF"))
    assert verdict(document, own(more="documents: drop\n")) == Rejected(Reason.DROPPED_BY_PROFILE)
    assert verdict(document, own()) == Held(Reason.ENCAPSULATED_DOCUMENT)


# --- overrides by path

NESTED = (
    text(STATION, "SH", "top "),
    sequence(0x00081115, (text(STATION, "SH", "one "), sequence(0x0008114A, (text(STATION, "SH", "two "),)))),
    sequence(0x00081199, (text(STATION, "SH", "else"),)),
)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("StationName", {"top", "one", "two", "else"}),
        ("/StationName", {"top"}),
        ("(0008,1010)", {"top", "one", "two", "else"}),
        ("(0008,10xx)", {"top", "one", "two", "else"}),
        ("ReferencedSeriesSequence/StationName", {"one"}),
        ("/ReferencedSeriesSequence/StationName", {"one"}),
        ("ReferencedInstanceSequence/StationName", {"two"}),
        ("/ReferencedInstanceSequence/StationName", set()),
        ("ReferencedSeriesSequence/ReferencedInstanceSequence/StationName", {"two"}),
        ("(xxxx,xxxx)/StationName", {"one", "two", "else"}),
    ],
)
def test_an_override_means_the_attribute_where_its_path_ends(path: str, kept: set[str]):
    profile = own(attributes=f'{{path: "{path}", action: keep, why: w}}', more="gate: report\n")
    result = cleaned(instance(*NESTED), profile)
    found = {one.content.decode().strip() for one in flat(elements_of(result)) if one.tag == STATION}
    assert found - {"", "ANONYMISED"} == kept


def test_an_override_may_be_for_some_vrs_only():
    profile = own(attributes='{path: "(0018,xxxx)", vr: [DS], action: remove, why: w}')
    result = cleaned(instance(text(0x00180050, "DS", "1 "), text(0x00180015, "CS", "HEAD")), profile)
    assert (value_of(result, 0x00180050), value_of(result, 0x00180015)) == (None, b"HEAD")


def test_what_a_profile_writes_is_in_the_objects_character_set():
    profile = own(attributes="{path: StudyDescription, action: set, value: Übersicht, why: w}")
    before = text(0x00081030, "LO", "Knee")
    latin = cleaned(instance(Element(0x00080005, "CS", b"ISO_IR 100"), before), profile)
    plain = cleaned(instance(before), profile)
    assert value_of(latin, 0x00081030) == "Übersicht".encode("latin-1")
    assert value_of(plain, 0x00081030) == b"?bersicht"


# --- dates and times

SHIFTED = "retain-longitudinal-modified-dates"
WHEN = (
    text(STUDY_DATE, "DA", "20160517"),
    text(STUDY_TIME, "TM", "233133.25 "),
    text(0x0008002A, "DT", "20160517233133"),
)


def test_by_the_hour_minutes_and_seconds_go():
    result = cleaned(instance(*WHEN), own(options=SHIFTED, more="dates: {time_of_day: hour}\n"))
    assert value_of(result, STUDY_TIME) == b"230000"
    assert (value_of(result, 0x0008002A) or b"")[8:] == b"230000"
    assert b"3133" not in result.part10


def test_shifted_times_move_with_their_dates():
    profile = own(options=SHIFTED, more="dates: {time_of_day: shift}\n")
    one = cleaned(instance(*WHEN), profile)
    later = cleaned(instance(text(STUDY_DATE, "DA", "20160518"), text(STUDY_TIME, "TM", "013133"), WHEN[2]), profile)
    date_time = (value_of(one, 0x0008002A) or b"").decode()
    assert f"{word(elements_of(one), STUDY_DATE)}{word(elements_of(one), STUDY_TIME)[:6]}" == date_time
    assert b"233133" not in one.part10
    assert seconds(later) - seconds(one) == 2 * 60 * 60


def seconds(result: Cleaned) -> int:
    day, time = (word(elements_of(result), tag) for tag in (STUDY_DATE, STUDY_TIME))
    return int(day) % 100 * 86400 + int(time[:2]) * 3600 + int(time[2:4]) * 60 + int(time[4:6])


@pytest.mark.parametrize("patient", ["4711-A", "4711-B", "4711-C", "4711-D"])
def test_whole_weeks_keep_the_day_of_the_week(patient: str):
    weeks = own(options=SHIFTED, more="dates: {whole_weeks: true}\n")
    result = cleaned(instance(*WHEN, text(0x00100020, "LO", patient)), weeks)
    moved = date.fromisoformat(word(elements_of(result), STUDY_DATE))
    assert moved.weekday() == date(2016, 5, 17).weekday()
    assert abs((moved - date(2016, 5, 17)).days) >= 364
    assert (moved - date(2016, 5, 17)).days == PSEUDONYMS.shift(result.patient, whole_weeks=True).days


# --- ages


@pytest.mark.parametrize(
    ("age", "written"),
    [
        ("089Y", b"089Y"),
        ("090Y", b"090Y"),
        ("091Y", b"090Y"),
        ("104Y", b"090Y"),
        ("999M", b"999M"),
        ("045Y", b"045Y"),
        ("012D", b"012D"),
        ("45", b""),
    ],
)
def test_ages_above_89_become_90_and_the_birth_date_goes(age: str, written: bytes):
    profile = own(options="retain-patient-characteristics", attributes=BORN)
    padded = age + " " * (len(age) % 2)
    birth = "19260517" if age == "45" else "19650517"  # it is no age, so the dates tell
    result = cleaned(instance(text(AGE, "AS", padded), text(BIRTH_DATE, "DA", birth), WHEN[0]), profile)
    assert value_of(result, AGE) == written
    old = age in ("090Y", "091Y", "104Y", "45")
    assert value_of(result, BIRTH_DATE) == (b"" if old else b"19650501")


BORN = "{path: PatientBirthDate, action: first-of-month, why: w}"


@pytest.mark.parametrize(("born", "old"), [("19260516", True), ("19260518", False), ("19600117", False)])
def test_without_an_age_birth_and_study_tell_who_is_old(born: str, old: bool):
    full = own(
        options="retain-longitudinal-full-dates",
        attributes="{path: PatientBirthDate, action: keep, why: w}",
        more="gate: report\n",
    )
    for profile in (full, own(attributes=BORN)):
        result = cleaned(instance(text(BIRTH_DATE, "DA", born), WHEN[0]), profile)
        assert (value_of(result, BIRTH_DATE) == b"") is old


def test_a_profile_may_cap_elsewhere_or_not_at_all():
    options = "retain-patient-characteristics"
    person = (text(AGE, "AS", "093Y"),)
    assert value_of(cleaned(instance(*person), own(options=options, more="cap_ages: 79\n")), AGE) == b"080Y"
    assert value_of(cleaned(instance(*person), own(options=options, more="cap_ages: null\n")), AGE) == b"093Y"


# --- private elements

ACME = (text(0x00190010, "LO", "ACME 1.0"), text(0x00191001, "LO", "spin Doe"), text(0x00191002, "CS", "AX"))
SAFE = (text(0x20050010, "LO", "Philips MR Imaging DD 001 "), Element(0x2005100D, "FL", b"\0\0\x80?"))
UNOWNED = text(0x00231001, "LO", "spin")


@pytest.mark.parametrize("options", ["", "retain-safe-private"])
def test_a_rule_may_keep_a_private_element_that_no_table_knows(options: str):
    profile = own(
        options=options,
        attributes='{path: "(0019,xx01)", action: redact, why: w}, {path: "(0023,1001)", action: keep, why: w}',
    )
    result = cleaned(instance(*ACME, *SAFE, UNOWNED), profile)
    assert value_of(result, 0x00190010) == b"ACME 1.0"
    assert value_of(result, 0x00191001) == b"spin"
    assert value_of(result, 0x00191002) is None
    assert value_of(result, UNOWNED.tag) is None, "without a creator it is nobody's"
    assert value_of(result, SAFE[1].tag) == (b"\0\0\x80?" if options else None)
    described = [element for element in elements_of(result) if element.tag == 0x00080300]
    groups = [item[0].value for element in described for item in element.items]
    assert groups == ([b"\x05\x20"] if options else []), "nobody vouches for the other block"


def test_a_rule_may_remove_a_private_element_that_a_table_calls_safe():
    profile = own(options="retain-safe-private", attributes='{path: "(2005,xx0D)", action: remove, why: w}')
    assert b"Philips" not in cleaned(instance(*SAFE), profile).part10


def test_a_rule_for_a_private_element_counts_where_its_path_says():
    nested = sequence(0x00081115, ACME)
    profile = own(attributes='{path: "ReferencedSeriesSequence/(0019,1001)", action: redact, why: w}')
    result = cleaned(instance(*ACME, nested), profile)
    assert value_of(result, 0x00191001) is None
    assert b"spin" in result.part10
