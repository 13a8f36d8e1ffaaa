"""Dummies fit, numbers are numbers, and great ages are nobody's."""

import pytest

from services.anonymiser.cleaning.values import capped, dummy, older, proper_number, registered
from services.anonymiser.dataset.vrs import BYTES_VRS, CODE_VRS, NUMBER_VRS, TEXT_VRS
from tests.unit.anonymiser.building import cleaned, instance, text, value_of


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
