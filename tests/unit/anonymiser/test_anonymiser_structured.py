"""Content trees: what names somebody goes, what was measured stays (PS3.15 Section E.3.4)."""

from datetime import date

import pytest

from services.anonymiser.dataset.tree import Element, Item, find, word
from tests.unit.anonymiser.building import PSEUDONYMS, cleaned, elements_of, instance, sequence, text
from tests.unit.anonymiser.reporting import (
    CONCEPT_CODE,
    CONCEPT_NAME,
    DATE,
    DATE_TIME,
    FINDING,
    MEASURED,
    NAME,
    NUMBER,
    TEXT_VALUE,
    TIME,
    UID,
    code,
    code_in,
    coded,
    container,
    items_of,
    number,
    number_in,
    only,
    report,
    shape,
    value_in,
    valued,
)

YEARS = code("a", "UCUM", "year")
STRUCTURED_ONLY = """
name: own
base: basic
title: Content trees without what else could be kept
options: [clean-structured-content, clean-descriptors]
"""


def dcm(value: str, meaning: str = "Concept") -> Item:
    return code(value, "DCM", meaning)


# --- who and where

ASKED = """
121008 121009 121017 121020 121021 121022 121029 121030 121036 121040 121041 121043 121114 121121 121124 121148 121149
121152 121197 121434 121435 122128 128774 128775 110190 111700 111705 111706 111724 113870 113871 113872 113873 113511
113512 113513 113514 113516 130231
"""


@pytest.mark.parametrize("concept", ASKED.split())
def test_a_text_that_says_who_or_where_becomes_a_dummy(concept: str):
    assert value_in(only(valued(TEXT_VALUE, dcm(concept), "liver left")), TEXT_VALUE) == "ANONYMISED"
    assert value_in(only(valued(TEXT_VALUE, FINDING, "liver left")), TEXT_VALUE) == "liver left", (
        "what others say stays"
    )


@pytest.mark.parametrize("concept", ["121009", "121017", "122128"])
def test_a_code_that_says_where_becomes_a_dummy(concept: str):
    item = only(coded(dcm(concept), code("4711", "99WARDS", "liver")))
    assert code_in(item, CONCEPT_CODE) == ("ANONYMISED", "ANONYMISED", "ANONYMISED")
    assert code_in(item, CONCEPT_NAME)[0] == concept


def test_person_names_become_dummies_whatever_they_are_called():
    assert value_in(only(valued(NAME, FINDING, "Roe^Richard")), NAME) == "ANONYMISED"


@pytest.mark.parametrize(
    "meaning", ["Referring Physician", "Observer Organization Name", "Patient's Name", "Hospital", "Operator"]
)
def test_concepts_of_private_schemes_tell_by_their_words(meaning: str):
    assert value_in(only(valued(TEXT_VALUE, code("7", "99ACME", meaning), "liver")), TEXT_VALUE) == "ANONYMISED"


@pytest.mark.parametrize("meaning", ["Physician impression", "Patient position", "Operator technique"])
def test_concepts_of_private_schemes_that_only_mention_people_leave_the_text(meaning: str):
    assert value_in(only(valued(TEXT_VALUE, code("7", "99ACME", meaning), "liver")), TEXT_VALUE) == "liver"


def test_what_names_somebody_in_one_item_is_searched_for_in_all():
    items = (
        valued(NAME, dcm("121008"), "Quintanilla^Rosalind"),
        valued(TEXT_VALUE, dcm("121009"), "Brightwater Institute"),
        valued(TEXT_VALUE, FINDING, "liver lesion"),
    )
    naming = text(0x00181030, "LO", "Abdomen Brightwater Quintanilla")
    result = cleaned(report(*items, extra=(naming,)), "research")
    assert word(elements_of(result), 0x00181030) == "Abdomen"
    assert b"rightwater" not in result.part10
    assert b"uintanilla" not in result.part10


def test_what_a_persons_item_contains_is_decided_by_its_own_concept():
    roles = coded(dcm("121011"), code("121094", "DCM", "Performing"))
    item = only(valued(NAME, dcm("121008"), "Roe^Richard", roles))
    (role,) = find(item, 0x0040A730).items
    assert code_in(role, CONCEPT_CODE) == ("121094", "DCM", "Performing")


@pytest.mark.parametrize("concept", ["121013", "121016", "113877", "113880", "110119", "121193"])
def test_devices_stay_known_where_the_profile_retains_them(concept: str):
    item = valued(TEXT_VALUE, dcm(concept), "MR_BAY_7")
    assert value_in(only(item), TEXT_VALUE) == "MR_BAY_7"
    assert value_in(only(item, profile=STRUCTURED_ONLY), TEXT_VALUE) == "ANONYMISED"


def test_a_model_is_no_free_text():
    assert value_in(only(valued(TEXT_VALUE, dcm("121015"), "Xyzzy Qt-40")), TEXT_VALUE) == "Xyzzy Qt-40"


# --- the patient


@pytest.mark.parametrize(
    ("age", "units", "left"),
    [
        ("45", YEARS, "45"),
        ("89", YEARS, "89"),
        ("90", YEARS, "90"),
        ("97", YEARS, "90"),
        ("1188", code("mo", "UCUM", "month"), "1080"),
        ("200", code("mo", "UCUM", "month"), "200"),
        ("36500", code("d", "UCUM", "day"), "32872"),
    ],
)
def test_ages_above_89_are_90(age: str, units: Item, left: str):
    assert number_in(only(number(dcm("121033"), age, units))) == left


@pytest.mark.parametrize(("ages", "left"), [("97\\", b"90\\"), ("45\\97", b"45\\90"), ("\\97", b"\\90")])
def test_each_of_several_ages_is_capped(ages: str, left: bytes):
    (measured,) = find(only(number(dcm("121033"), ages, YEARS)), MEASURED).items
    assert find(measured, NUMBER).content.rstrip() == left


def test_another_form_of_an_age_does_not_stay_beside_a_lower_one():
    item = only(number(dcm("121033"), "45", YEARS, Element(0x0040A161, "FD", b"\0\0\0\0\0\x40\x58\x40")))
    (measured,) = find(item, MEASURED).items
    assert [element.tag for element in measured] == [0x004008EA, NUMBER]


def test_an_age_leaves_no_other_form_of_itself():
    item = only(number(dcm("121033"), "97", YEARS, Element(0x0040A161, "FD", b"\0\0\0\0\0\x40\x58\x40")))
    (measured,) = find(item, MEASURED).items
    assert [element.tag for element in measured] == [0x004008EA, NUMBER]


@pytest.mark.parametrize(("concept", "scheme"), [("121033", "DCM"), ("8302-2", "LN"), ("27113001", "SCT")])
def test_without_the_option_characteristics_become_dummies(concept: str, scheme: str):
    measured = number(code(concept, scheme, "Characteristic"), "45", YEARS)
    assert number_in(only(measured)) == "45"
    assert number_in(only(measured, profile=STRUCTURED_ONLY)) == "0"


def test_origin_goes_in_all_profiles():
    item = only(coded(code("364699009", "SCT", "Ethnic group"), code("413582008", "SCT", "Asian race")))
    assert code_in(item, CONCEPT_CODE)[0] == "ANONYMISED"


def test_a_date_of_birth_becomes_a_dummy():
    assert value_in(only(valued(DATE, dcm("121031"), "19500102")), DATE) == "19000101"


# --- dates, times, UIDs


def test_dates_move_and_times_of_day_stay():
    items = (
        valued(DATE, FINDING, "20240105"),
        valued(DATE_TIME, FINDING, "20240107101112"),
        valued(TIME, FINDING, "101112"),
    )
    result = cleaned(report(*items), "research")
    days = PSEUDONYMS.shift(result.patient).days
    day, moment, time = items_of(result)
    moved = date.fromisoformat(value_in(day, DATE)), date.fromisoformat(value_in(moment, DATE_TIME)[:8])
    assert [one.toordinal() - days for one in moved] == [date(2024, 1, 5).toordinal(), date(2024, 1, 7).toordinal()]
    assert (value_in(moment, DATE_TIME)[8:], value_in(time, TIME)) == ("101112", "101112")


def test_a_malformed_date_becomes_a_dummy_and_the_item_stays_valid():
    assert value_in(only(valued(DATE, FINDING, "January"), profile="research"), DATE) == "19000101"


def test_uids_are_those_of_the_objects():
    item = only(valued(UID, code("110180", "DCM", "Study Instance UID"), "1.2.3.4"))
    assert value_in(item, UID) == PSEUDONYMS.uid("1.2.3.4")


def test_a_class_of_objects_is_no_object():
    kind = "1.2.840.10008.5.1.4.1.1.4"
    assert value_in(only(valued(UID, code("110181", "DCM", "SOP Class UID"), kind)), UID) == kind


# --- what was measured


def test_measurements_keep_numbers_units_and_findings():
    tree = container(
        code("125007", "DCM", "Measurement Group"),
        valued(TEXT_VALUE, dcm("112039", "Tracking Identifier"), "Lesion 1"),
        coded(FINDING, code("108369006", "SCT", "Neoplasm")),
        number(code("410668003", "SCT", "Length"), "12.75"),
    )
    before, after = shape((tree,)), shape(items_of(cleaned(report(tree), "research")))
    assert list(after) == list(before)
    group = only(tree)
    name, finding, length = find(group, 0x0040A730).items
    assert value_in(name, TEXT_VALUE) == "Lesion 1"
    assert code_in(finding, CONCEPT_CODE) == ("108369006", "SCT", "Neoplasm")
    assert number_in(length) == "12.75"
    assert code_in(find(length, MEASURED).items[0], 0x004008EA) == ("mm", "UCUM", "millimeter")


def test_of_free_text_only_words_of_the_vocabulary_stay_and_never_nothing():
    assert value_in(only(valued(TEXT_VALUE, FINDING, "liver lesion, Zbyszko")), TEXT_VALUE) == "liver lesion"
    assert value_in(only(valued(TEXT_VALUE, FINDING, "Zbyszko")), TEXT_VALUE) == "ANONYMISED"


# --- basic, and other sequences of content items


def test_basic_leaves_the_tree_and_nothing_in_it():
    tree = container(
        code("125007", "DCM", "Measurement Group"),
        valued(NAME, dcm("121008"), "Roe^Richard"),
        valued(TEXT_VALUE, FINDING, "liver lesion"),
        coded(FINDING, code("108369006", "SCT", "Neoplasm")),
        number(code("410668003", "SCT", "Length"), "12.75"),
        valued(DATE, FINDING, "20240105"),
        valued(UID, FINDING, "1.2.3.4.5"),
    )
    result = cleaned(report(tree), "basic")
    assert list(shape(items_of(result))) == list(shape((tree,)))
    (group,) = items_of(result)
    name, said, finding, length, day, uid = find(group, 0x0040A730).items
    assert value_in(name, NAME) == value_in(said, TEXT_VALUE) == "ANONYMISED"
    assert code_in(finding, CONCEPT_CODE) == code_in(finding, CONCEPT_NAME) == ("ANONYMISED",) * 3
    assert (number_in(length), value_in(day, DATE)) == ("0", "19000101")
    assert value_in(uid, UID) == result.instance_uid


@pytest.mark.parametrize("tag", [0x00400555, 0x0040B020])
def test_other_content_items_are_decided_in_the_same_way(tag: int):
    items = valued(TEXT_VALUE, dcm("121041"), "S19-1"), valued(TEXT_VALUE, FINDING, "liver Zbyszko")
    result = cleaned(instance(sequence(tag, *items), sop_class="1.2.840.10008.5.1.4.1.1.9.1.1"), "research")
    one, other = find(elements_of(result), tag).items
    assert (value_in(one, TEXT_VALUE), value_in(other, TEXT_VALUE)) == ("ANONYMISED", "liver")


def test_basic_leaves_which_frame_and_what_form_it_is():
    image = (
        text(0x00081150, "UI", "1.2.840.10008.5.1.4.1.1.2.1"),
        text(0x00081155, "UI", "1.2.3.4.5"),
        text(0x00081160, "IS", "7"),
    )
    region = (
        text(0x0040A040, "CS", "SCOORD3D"),
        text(0x00480301, "CS", "VOLUME"),
        Element(0x00700022, "FL", bytes(24)),
        text(0x00700023, "CS", "POLYGON"),
    )
    result = cleaned(report((text(0x0040A040, "CS", "IMAGE"), sequence(0x00081199, image)), region), "basic")
    pointing, form = items_of(result)
    (reference,) = find(pointing, 0x00081199).items
    assert (word(reference, 0x00081160), word(reference, 0x00081155)) == ("7", result.instance_uid)
    assert (word(form, 0x00480301), word(form, 0x00700023)) == ("VOLUME", "POLYGON")
