"""Dummies fit, numbers are numbers, and great ages are nobody's."""

from datetime import date

import pytest

from services.anonymiser.cleaning.values import capped, dummy, older, proper_number, registered
from services.anonymiser.dataset.tree import Element
from services.anonymiser.dataset.vrs import BYTES_VRS, CODE_VRS, NUMBER_VRS, TEXT_VRS
from services.anonymiser.engine import Held
from shared.events import Finding
from tests.unit.anonymiser.building import cleaned, instance, text, value_of, verdict


@pytest.mark.parametrize("vr", sorted(TEXT_VRS | CODE_VRS - {"UI"} | NUMBER_VRS | BYTES_VRS))
def test_dummies_have_even_length_and_fit(vr: str):
    assert 0 < len(dummy(vr)) <= 16
    assert len(dummy(vr)) % 2 == 0 or vr in ("DA",)


def test_registered_uids():
    assert registered("1.2.840.10008.5.1.4.1.1.2")
    assert registered("1.2.840.10008.1.4.1.1")
    assert not registered("1.2.840.10008.20240131.4711")
    assert not registered("1.2.840.10008")
    assert not registered("1.2.840.100081.1")


@pytest.mark.parametrize(
    ("vr", "value", "proper"),
    [
        ("DS", b"1.5e3\\-2 ", True),
        ("DS", b"", True),
        ("IS", b"12", True),
        ("AS", b"089Y", True),
        ("DS", b"Doe", False),
        ("DS", b"NaN", False),
        ("IS", b"4711 Doe", False),
        ("AS", b"old", False),
    ],
)
def test_numbers_in_disguise(vr: str, value: bytes, proper: bool):
    assert proper_number(vr, value) is proper


@pytest.mark.parametrize(
    ("age", "result"),
    [
        (b"089Y", b"089Y"),
        (b"090Y", b"090Y"),
        (b"101Y", b"090Y"),
        (b"1300W", b"1300W"),
        (b"999M", b"999M"),
        (b"old", b"old"),
        (b"095Y\\", b"090Y\\"),
        (b"\\095Y ", b"\\090Y"),
        (b"095Y\\045Y\\1200M\\5000W", b"090Y\\045Y\\1200M\\5000W"),
        (b"095Y\\089Y\\120Y", b"090Y\\089Y\\090Y"),
    ],
)
def test_ages_above_the_cap_are_all_alike(age: bytes, result: bytes):
    assert capped(age, 89) == result


@pytest.mark.parametrize(
    ("ages", "births", "latest", "result"),
    [
        (["091Y"], [], None, True),
        (["045Y", "091Y"], [], None, True),
        (["089Y"], [date(1900, 1, 1)], date(2024, 1, 1), True),
        (["000Y"], [date(1920, 1, 15)], date(2020, 1, 1), True),
        ([], [date(1934, 5, 31)], date(2024, 5, 31), True),
        ([], [date(1934, 6, 1)], date(2024, 5, 31), False),
        ([], [date(1990, 6, 1), date(1920, 6, 1)], date(2024, 5, 31), True),
        ([], [], date(2024, 5, 31), False),
        (["045Y"], [date(1975, 1, 1)], None, False),
        (["000Y"], [date(1975, 1, 1)], None, True),
        ([], [date(1975, 1, 1)], None, True),
        ([], [date(1975, 1, 1)], date(1960, 1, 1), True),
        (["000Y"], [], None, False),
        (["old"], [], None, False),
    ],
)
def test_who_is_over_the_cap(ages: list[str], births: list[date], latest: date | None, result: bool):
    assert older(ages, births, latest, 89) is result


STUDY_DATE, SERIES_DATE, CONTENT_DATE, ACQUIRED = 0x00080020, 0x00080021, 0x00080023, 0x0008002A
BIRTH_DATE, AGE = 0x00100030, 0x00101010


@pytest.mark.parametrize("birth", ["19200115", "1920.01.15", " 19200115", "19900101\\19200115"])
@pytest.mark.parametrize(
    "said",
    [
        (text(STUDY_DATE, "DA", "20200101"),),
        (text(STUDY_DATE, "DA", "2020.01.01"),),
        (text(SERIES_DATE, "DA", "20200101"),),
        (text(ACQUIRED, "DT", "20200101103000.5+0100"),),
        (text(STUDY_DATE, "DA", "19000101"), text(CONTENT_DATE, "DA", "20200101")),
        (text(STUDY_DATE, "DA", "19700101"),),
        (text(STUDY_DATE, "DA", "20200101"), text(AGE, "AS", "000Y")),
        (text(STUDY_DATE, "DA", "20200101"), text(AGE, "AS", "045Y")),
        (text(AGE, "AS", "045Y\\100Y"),),
        (),
    ],
    ids=lambda elements: " ".join(element.value.decode() for element in elements) or "nothing",
)
def test_month_and_year_of_birth_stay_of_nobody_over_the_cap(said: tuple[Element, ...], birth: str):
    assert value_of(cleaned(instance(*said, text(BIRTH_DATE, "DA", birth)), "eucaim"), BIRTH_DATE) == b""


def test_month_and_year_of_birth_stay_of_the_younger():
    said = (text(SERIES_DATE, "DA", "20200101"), text(BIRTH_DATE, "DA", "19600115"))
    assert value_of(cleaned(instance(*said), "eucaim"), BIRTH_DATE) == b"19600101"


@pytest.mark.parametrize("age", ["095Y", "095Y\\", "\\095Y", "095Y\\095Y"])
def test_no_way_of_writing_gets_an_age_past_the_cap(age: str):
    after = value_of(cleaned(instance(text(AGE, "AS", age)), "research"), AGE)
    assert after == age.replace("095Y", "090Y").encode()


@pytest.mark.parametrize(
    ("tag", "vr", "before", "after"),
    [
        (0x00181020, "LO", "VA40 Doe\\Jane 1.2", "VA40\\1.2"),
        (0x00181020, "LO", "Doe\\VA40\\Jane", "\\VA40\\"),
        (0x00181020, "LO", "Doe\\Jane", ""),
        (0x0008103E, "LO", "T2 Doe\\Jane axial", "T2\\axial"),
        (0x0008103E, "LO", "Roe\\Moe", ""),
        (0x00204000, "LT", "T2 Doe\\Jane axial", "T2 axial"),
    ],
)
def test_what_is_taken_from_one_value_leaves_the_border_to_the_next(tag: int, vr: str, before: str, after: str):
    left = value_of(cleaned(instance(text(tag, vr, before + " " * (len(before) % 2))), "research"), tag)
    assert (left or b"").decode() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ORIGINAL\\PRIMARY\\\\RT\\150000", "ORIGINAL\\PRIMARY\\\\RT\\"),
        ("DERIVED\\QUADDLE\\AXIAL", "DERIVED\\\\AXIAL"),
        ("QUADDLE", ""),
        ("ORIGINAL\\PRIMARY", "ORIGINAL\\PRIMARY"),
    ],
)
def test_of_several_codes_only_those_go_that_say_whose_they_are(before: str, after: str):
    result = cleaned(instance(text(0x00100010, "PN", "Quaddle^Zo"), text(0x00080008, "CS", before)), "research")
    assert (value_of(result, 0x00080008) or b"").decode().rstrip() == after
    assert (Finding(code="redacted", tag="00080008") in result.findings) is (before != after)


def test_a_day_that_many_patients_share_goes_from_a_description():
    """Moved, the day of a protocol would tell the shift to whoever knows it."""
    texts = (text(0x00080020, "DA", "20160517"), text(0x00181030, "LO", "Knee protocol 2019-03-01, done 2016-05-17"))
    left = (value_of(cleaned(instance(*texts), "research"), 0x00181030) or b"").decode()
    assert left.startswith("Knee protocol, done ")
    assert left.count("-") == 2
    assert "2016-05-17" not in left


PATIENT_ID, INSTANCE_NUMBER, POSITION = 0x00100020, 0x00200013, 0x00200032


@pytest.mark.parametrize("identifier", ["1234567", "0012345678", "MRN-12345678"])
@pytest.mark.parametrize(("tag", "vr"), [(INSTANCE_NUMBER, "IS"), (0x00181310, "IS"), (0x00180081, "DS")])
def test_a_number_that_is_the_patients_is_emptied(identifier: str, tag: int, vr: str):
    digits = identifier.removeprefix("MRN-")
    for written in (digits, f"1\\{digits.lstrip('0')}", *([f"+{digits}.0"] if vr == "DS" else [])):
        result = cleaned(instance(text(PATIENT_ID, "LO", identifier), text(tag, vr, written)), "research")
        assert value_of(result, tag) == b""
        assert Finding(code="redacted", tag=f"{tag:08X}") in result.findings


@pytest.mark.parametrize(
    "written", ["123456", "12345678", "11234567", "1.234567", "1234567.5", "1234567e1", "-1234567"]
)
def test_another_number_stays(written: str):
    result = cleaned(instance(text(PATIENT_ID, "LO", "1234567"), text(0x00180081, "DS", written)), "research")
    assert value_of(result, 0x00180081) == written.encode()


@pytest.mark.parametrize(
    ("tag", "vr", "written"),
    [(POSITION, "DS", "12345678\\0\\0"), (0x00280030, "DS", "12345678\\1")],
    ids=["the IOD needs it", "it describes pixels"],
)
def test_a_number_that_is_the_patients_and_has_to_stay_is_for_the_gate(tag: int, vr: str, written: str):
    held = verdict(instance(text(PATIENT_ID, "LO", "12345678"), text(tag, vr, written)), "research")
    assert isinstance(held, Held)
    assert held.reason == "residual-identity"
