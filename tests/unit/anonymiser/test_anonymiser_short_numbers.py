"""Identifiers of three digits: they go where nothing says that they are a measure; of one or two digits none goes."""

import pytest

from services.anonymiser.descriptors.known import Known
from tests.unit.anonymiser.building import cleaned, instance, text, value_of

PATIENT_ID, ACCESSION, OTHER_IDS, STUDY_ID, SUBJECT = 0x00100020, 0x00080050, 0x00101000, 0x00200010, 0x00120040
DESCRIPTION, PROTOCOL, SOFTWARE, BODY_PART, MODEL = 0x0008103E, 0x00181030, 0x00181020, 0x00180015, 0x00081090


def left(value: str, tag: int = PATIENT_ID, identity: str = "471") -> str:
    return Known.of((text(tag, "LO", identity),)).redact(value)[0]


@pytest.mark.parametrize(
    ("tag", "vr", "value", "profile", "after"),
    [
        (DESCRIPTION, "LO", "Knee 471", "research", b"Knee"),
        (PROTOCOL, "LO", "471 Knee pat 471", "research", b"Knee pat"),
        (BODY_PART, "CS", "471", "research", b""),
        (BODY_PART, "CS", "471", "basic", b""),
        (SOFTWARE, "LO", "471\\VB17", "basic", b"\\VB17"),
    ],
)
def test_a_patient_id_of_three_digits_does_not_stay(tag: int, vr: str, value: str, profile: str, after: bytes):
    assert value_of(cleaned(instance(text(PATIENT_ID, "LO", "471"), text(tag, vr, value)), profile), tag) == after


@pytest.mark.parametrize("tag", [PATIENT_ID, ACCESSION, OTHER_IDS, SUBJECT])
@pytest.mark.parametrize("value", ["471", "Knee 471", "Knee_471", "knee (471)", "Knee 2 471", "0471 knee", "id471 471"])
def test_it_is_known_as_a_whole_and_wherever_it_comes_from(value: str, tag: int):
    given = Known.of((text(tag, "LO", "471" if tag != OTHER_IDS else "12\\471"),))
    assert "471" not in given.redact(value)[0].replace("id471", "")


def test_zeros_before_it_count_where_they_are_written():
    assert left("Knee 007", identity="007") == "Knee"
    assert left("Knee 7", identity="007") == "Knee 7"
    assert left("Knee 7 0007", identity="0007") == "Knee 7"


@pytest.mark.parametrize(
    "value",
    [
        *(
            "TR 471",
            "TE=471",
            "b 0 50 471",
            "bvalues 471",
            "b471",
            "471mm",
            "471 ms",
            "471 slices",
            "471%",
            "471 °",
            "W 471 L 40",
        ),
        *("image 471", "series 471", "window: 471", "1.471", "471.5", "471x471", "471/2", "2-471", "VB 4711"),
    ],
)
def test_a_measure_stays(value: str):
    assert left(value) == value


@pytest.mark.parametrize(
    ("tag", "identity", "value"),
    [
        (STUDY_ID, "471", "Knee 471"),
        (0x00181000, "471", "Knee 471"),
        (PATIENT_ID, "47", "Knee 47"),
        (PATIENT_ID, "1", "Knee 1 01 001"),
    ],
)
def test_what_numbers_many_things_stays(tag: int, identity: str, value: str):
    assert left(value, tag, identity) == value


def test_a_name_of_a_model_keeps_its_number():
    result = cleaned(instance(text(PATIENT_ID, "LO", "320"), text(MODEL, "LO", "Aquilion 320")), "research")
    assert value_of(result, MODEL) == b"Aquilion 320"


def test_a_chain_of_numbers_takes_no_longer_than_its_length():
    value = "knee " + "471 " * 20_000
    assert left(value) == "knee"
