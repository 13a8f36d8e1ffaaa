"""Codes: those of published schemes stay to the last letter, those of somebody's own say nothing of him (PS3.3 8)."""

import pytest
from pydicom.sr._concepts_dict import concepts

from services.anonymiser.cleaning.structured import of_code
from services.anonymiser.dataset.tree import Item, find, word
from services.anonymiser.profile.model import Act
from tests.unit.anonymiser.building import cleaned, elements_of, instance, sequence, text
from tests.unit.anonymiser.reporting import CONCEPT_CODE, FINDING, code, code_in, coded, items_of, only, report

ANATOMIC_REGION, CODE_VALUE = 0x00082218, 0x00080100
PROCEDURE, REQUESTED_PROCEDURE_ID = 0x00081032, 0x00401001
NAME_OF_PATIENT, ID_OF_PATIENT = 0x00100010, 0x00100020
REMOVES = """
name: own
base: basic
title: No meanings
options: [clean-structured-content]
attributes: [{path: CodeMeaning, action: empty, why: a test}]
"""


PUBLISHED = [
    code("121009", "DCM", "Person Observer's Organization Name"),
    code("108369006", "SCT", "Neoplasm"),
    code("T-A0100", "SRT", "Brain", "1.1"),
    code("18185-9", "LN", "Gestational Age"),
    code("10*3/uL", "UCUM", "10*3/uL"),
    code("eng", "RFC3066", "English"),
    code("RID1301", "RADLEX", "lung"),
    code("109057", "SCPECG", "Lead II", "19971101"),
    code("C0205435", "UMLS", "First", "2004AA"),
]


@pytest.mark.parametrize("profile", ["basic", "research", "eucaim"])
@pytest.mark.parametrize("published", PUBLISHED, ids=lambda one: one[1].content.decode() + one[0].content.decode())
def test_a_published_code_stays_to_the_last_letter(published: Item, profile: str):
    region = find(elements_of(cleaned(instance(sequence(ANATOMIC_REGION, published)), profile)), ANATOMIC_REGION)
    assert region is not None
    assert [(one.tag, one.value.rstrip(b" ")) for one in region.items[0]] == [(one.tag, one.value) for one in published]
    if profile != "basic":
        assert find(only(coded(FINDING, published), profile=profile), CONCEPT_CODE).items == region.items


def test_all_codes_that_pydicom_lists_are_well_formed():
    listed = [(scheme, value) for scheme in concepts for kinds in concepts[scheme].values() for value in kinds]
    assert len(listed) > 18_000
    decided = [
        (one, of_code(code(one[1], one[0], ""), clean=True, wholly=lambda _: False, names=lambda *_: True))
        for one in listed
        if one[1]
    ]
    assert [one for one, said in decided if said[CODE_VALUE].act is not Act.KEEP] == []


ROSALIND = (text(NAME_OF_PATIENT, "PN", "Quintanilla^Rosalind"), text(ID_OF_PATIENT, "LO", "A1234567"))


@pytest.mark.parametrize("profile", ["basic", "research"])
@pytest.mark.parametrize("scheme", ["DCM", "LN", "SCT", "UCUM", "RFC5646"])
@pytest.mark.parametrize("value", ["A1234567", "a-1234567", "1234567", "QUINTANILLA_R", "Rosalind", "RQUINTANILLA"])
def test_a_scheme_that_is_published_makes_no_code_of_what_the_object_knows(value: str, scheme: str, profile: str):
    procedure = sequence(PROCEDURE, code(value, scheme, "Procedure"))
    after, kept, meaning = code_in(elements_of(cleaned(instance(*ROSALIND, procedure), profile)), PROCEDURE)
    assert (len(after), kept, meaning) == (16, scheme, "Procedure")
    assert after != value


def test_a_second_code_beside_one_of_the_standard_is_asked_as_well():
    long = text(0x00080119, "UC", "QUINTANILLA_R")
    several = "113014\\QUINTANILLA_R"
    for given in ((*code("113014", "DCM", "Study"), long), code(several, "DCM", "Study")):
        result = cleaned(instance(*ROSALIND, sequence(PROCEDURE, given)), "research")
        assert b"QUINTANILLA" not in result.part10


@pytest.mark.parametrize(
    ("tag", "vr", "identity", "value", "scheme"),
    [
        (ID_OF_PATIENT, "LO", "113014", "113014", "DCM"),
        (ID_OF_PATIENT, "LO", "108369006", "108369006", "SCT"),
        (ID_OF_PATIENT, "LO", "4000", "T-04000", "SRT"),
        (ID_OF_PATIENT, "LO", "12345", "9123459", "SCT"),
        (NAME_OF_PATIENT, "PN", "Min^Li", "mg/min/dl", "UCUM"),
        (NAME_OF_PATIENT, "PN", "Eng^Ada", "eng", "RFC3066"),
        (REQUESTED_PROCEDURE_ID, "SH", "70450", "70450", "C4"),
    ],
)
def test_what_is_a_code_for_certain_stays_whomever_it_reminds_of(
    tag: int, vr: str, identity: str, value: str, scheme: str
):
    description = text(0x0008103E, "LO", f"liver {identity}")
    given = instance(text(tag, vr, identity), description, sequence(PROCEDURE, code(value, scheme, "Procedure")))
    result = elements_of(cleaned(given, "research"))
    assert code_in(result, PROCEDURE)[:2] == (value, scheme)
    assert word(result, 0x0008103E) == "liver"


def test_the_code_of_a_procedure_that_is_also_the_patients_number_is_none():
    numbers = (text(REQUESTED_PROCEDURE_ID, "SH", "70450"), text(ID_OF_PATIENT, "LO", "70450"))
    result = cleaned(instance(*numbers, sequence(PROCEDURE, code("70450", "C4", "Procedure"))), "research")
    assert len(code_in(elements_of(result), PROCEDURE)[0]) == 16


def test_a_short_name_is_no_code_of_a_scheme_of_numbers():
    result = cleaned(instance(sequence(PROCEDURE, code("DOE", "DCM", "Procedure"))), "research")
    assert len(code_in(elements_of(result), PROCEDURE)[0]) == 16


@pytest.mark.parametrize(("value", "identity"), [("DOE1", "4711"), ("4711", "4711"), ("471", "471")])
def test_a_private_code_that_the_object_knows_as_somebodys_gets_another_value(value: str, identity: str):
    person = text(ID_OF_PATIENT, "LO", identity)
    given = instance(person, sequence(PROCEDURE, code(value, "99ACME", "liver")))
    assert len(code_in(elements_of(cleaned(given, "research")), PROCEDURE)[0]) == 16


def test_words_beside_a_published_scheme_lose_whom_they_name():
    words = (text(0x00080115, "ST", "Codes of Rosalind"), text(0x00080116, "ST", "SNOMED International, Quintanilla"))
    given = instance(*ROSALIND, sequence(PROCEDURE, (*code("108369006", "SCT", "Neoplasm", "A1234567"), *words)))
    (item,) = find(elements_of(cleaned(given, "research")), PROCEDURE).items
    assert [word(item, tag) for tag in (0x00080103, 0x00080115, 0x00080116)] == [
        "ANONYMISED",
        "Codes of",
        "SNOMED International",
    ]


def test_the_owner_of_a_published_scheme_is_no_organisation_of_the_object():
    owner = (text(0x00080102, "SH", "SCT"), text(0x00080116, "ST", "Regenstrief"))
    given = instance(sequence(0x00080110, owner), text(0x00181020, "LO", "Regenstrief 1"))
    assert word(elements_of(cleaned(given, "research")), 0x00181020) == "Regenstrief 1"


def test_a_meaning_that_names_the_patient_does_not_stay_because_its_scheme_is_published():
    item = only(coded(FINDING, code("108369006", "SCT", "Neoplasm of Doe")))
    assert code_in(item, CONCEPT_CODE) == ("108369006", "SCT", "Neoplasm of")


def test_a_scheme_that_is_published_does_not_make_a_name_a_code():
    item = only(coded(FINDING, code("DOE^JANE", "DCM", "liver")))
    value, scheme, meaning = code_in(item, CONCEPT_CODE)
    assert (scheme, meaning) == ("DCM", "liver")
    assert len(value) == 16


def test_a_private_code_with_plain_words_stays_and_its_scheme_gets_another_name():
    value, scheme, meaning = code_in(only(coded(FINDING, code("L-12", "99BRIGHTWATER", "liver lesion"))), CONCEPT_CODE)
    assert (value, meaning) == ("L-12", "liver lesion")
    assert scheme.startswith("99")
    assert len(scheme) == 16
    assert "BRIGHT" not in scheme


def test_a_private_code_that_may_be_somebodys_gets_another_value_and_loses_the_words():
    person = code("4712", "99BRIGHTWATER", "Zbyszko liver")
    one, other = items_of(cleaned(report(coded(FINDING, person), coded(FINDING, person)), "research"))
    assert code_in(one, CONCEPT_CODE) == code_in(other, CONCEPT_CODE), "the same code everywhere"
    value, _, meaning = code_in(one, CONCEPT_CODE)
    assert meaning == "liver"
    assert len(value) == 16


def test_private_schemes_of_published_software_keep_their_name():
    item = only(coded(FINDING, code("250145", "99PMP", "Glycolysis Within First Quarter Zbyszko")))
    value, scheme, meaning = code_in(item, CONCEPT_CODE)
    assert (value, scheme) == ("250145", "99PMP")
    assert "Zbyszko" not in meaning


def test_the_identification_of_a_scheme_agrees_with_its_codes():
    known = (text(0x00080102, "SH", "99BRIGHTWATER"), text(0x00080115, "ST", "Codes of Brightwater"))
    item = coded(FINDING, code("L-12", "99BRIGHTWATER", "liver"))
    result = cleaned(report(item, extra=(sequence(0x00080110, known),)), "research")
    (identification,) = find(elements_of(result), 0x00080110).items
    assert word(identification, 0x00080102) == code_in(items_of(result)[0], CONCEPT_CODE)[1]
    assert word(identification, 0x00080115) == "Codes of"
    assert b"rightwater" not in result.part10


@pytest.mark.parametrize(("version", "left"), [("20190604", "20190604"), ("2.1", "2.1"), ("Dr Zbyszko", "ANONYMISED")])
def test_the_version_of_a_scheme_is_no_date_of_the_patient(version: str, left: str):
    item = only(coded(FINDING, code("L-12", "99ACME", "liver", version)))
    assert word(find(item, CONCEPT_CODE).items[0], 0x00080103) == left


def test_a_profile_decides_about_codes_too():
    assert code_in(only(coded(FINDING, FINDING), profile=REMOVES), CONCEPT_CODE) == ("121071", "DCM", "")


def test_a_date_in_technical_text_moves_only_if_it_is_the_patients():
    texts = (
        text(0x00080020, "DA", "20240102"),
        text(0x00181020, "LO", "VB17 20090201"),
        text(0x00181210, "SH", "B30 20240102"),
    )
    result = elements_of(cleaned(instance(*texts), "research"))
    assert word(result, 0x00181020) == "VB17", "a day on which software was released tells the shift, once moved"
    assert word(result, 0x00181210) == f"B30 {word(result, 0x00080020)}"


STATION, TRANSDUCER = 0x00404028, 0x00185011
KEEPS_DEVICES = "name: own\nbase: basic\ntitle: Own\noptions: [retain-device-identity]\n"


def device_code(given: Item, profile: str, sequence_of: int = STATION) -> tuple[str, str, str]:
    return code_in(elements_of(cleaned(instance(sequence(sequence_of, given)), profile)), sequence_of)


@pytest.mark.parametrize("profile", ["research", KEEPS_DEVICES], ids=["research", "own"])
@pytest.mark.parametrize("around", [STATION, TRANSDUCER])
def test_the_code_of_a_retained_device_stays_but_not_whom_its_site_named_it_after(profile: str, around: int):
    value, scheme, meaning = device_code(code("CT-3", "99SITE", "Scanner of Zbyszko Kowalczyk"), profile, around)
    assert (value, scheme) == ("CT-3", "99SITE")
    assert meaning == ("ANONYMISED" if around == STATION else "Scanner of"), "a station's words are its name"


def test_a_meaning_without_a_code_beside_a_retained_device_is_cleaned_too():
    item = (text(0x00080104, "LO", "Scanner of Zbyszko Kowalczyk"),)
    assert device_code(item, "research", TRANSDUCER) == ("", "", "Scanner of")


def test_what_stands_where_the_code_of_a_retained_device_should_is_coded():
    value, scheme, _ = device_code(code("Dr Zbyszko", "Dr Kowalczyk", "Scanner", "Dr Zbyszko"), KEEPS_DEVICES)
    assert len(value) == len(scheme) == 16
    assert "Zbyszko" not in value
    assert "Kowalczyk" not in scheme


def test_a_published_code_of_a_retained_device_keeps_its_words_even_where_the_object_knows_them():
    published = code("225728007", "SCT", "Accident and Emergency department")
    assert device_code(published, "research", 0x00404030) == ("225728007", "SCT", "Accident and Emergency department")


def test_a_retained_reference_excuses_no_words_beside_it():
    profile = "name: own\nbase: basic\ntitle: Own\noptions: [retain-uids, clean-descriptors]\n"
    image = (text(0x00081155, "UI", "1.2.3"), sequence(0x0040A170, code("L-12", "99SITE", "liver of Kowalczyk")))
    (item,) = find(elements_of(cleaned(instance(sequence(0x00081140, image)), profile)), 0x00081140).items
    assert word(item, 0x00081155) == "1.2.3"
    assert code_in(item, 0x0040A170)[2] == "liver of"
