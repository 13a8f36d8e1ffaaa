"""Dummies fit, numbers are numbers, and great ages are nobody's."""

import pytest

from services.anonymiser.cleaning.values import capped, dummy, older, proper_number, registered
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
    ],
)
def test_ages_above_the_cap_are_all_alike(age: bytes, result: bytes):
    assert capped(age, 89) == result


@pytest.mark.parametrize(
    ("age", "birth", "study", "result"),
    [
        ("091Y", "", "", True),
        ("089Y", "19000101", "20240101", False),
        ("", "19330601", "20240531", True),
        ("", "19340601", "20240531", False),
        ("", "", "20240531", False),
    ],
)
def test_who_is_over_the_cap(age: str, birth: str, study: str, result: bool):
    assert older(age, birth, study, 89) is result


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
