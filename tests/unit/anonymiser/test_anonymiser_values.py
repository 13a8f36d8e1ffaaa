"""Dates move together, times stay, and whatever is not quite a date does not pass for one."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.anonymiser.cleaning.values import dummy, moved, proper_number, registered
from services.anonymiser.dataset.vrs import BYTES_VRS, CODE_VRS, NUMBER_VRS, TEXT_VRS

DATES = st.dates(date(2001, 1, 1), date(2090, 1, 1))
SHIFTS = st.integers(-3650, 3650)


def parsed(value: bytes | None) -> date:
    assert value is not None
    return date(int(value[:4]), int(value[4:6]), int(value[6:8]))


@given(DATES, DATES.filter(lambda day: day.day > 1), SHIFTS)
def test_intervals_are_kept_between_da_and_dt(first: date, second: date, days: int):
    if f"{first:%m%d}" == "0101":
        first += timedelta(days=1)
    one = moved("DA", f"{first:%Y%m%d}".encode(), days)
    other = moved("DT", f"{second:%Y%m%d}101112.5+0100".encode(), days)
    assert parsed(other) - parsed(one) == second - first
    assert other is not None
    assert other[8:] == b"101112.5"


@pytest.mark.parametrize(
    ("vr", "value", "result"),
    [
        ("DA", b"20240229", b"20240301"),
        ("DA", b"2024.02.29", b"20240301"),
        ("DA", b"20240229\\20240301", b"20240301\\20240302"),
        ("DA", b"", b""),
        ("DA", b"20240229 ", b"20240301"),
        ("DT", b"20240229", b"20240301"),
        ("TM", b"101112.123456", b"101112.123456"),
        ("TM", b"10:11:12", b"10:11:12"),
        ("TM", b"10", b"10"),
    ],
)
def test_proper_values(vr: str, value: bytes, result: bytes):
    assert moved(vr, value, 1) == result


@pytest.mark.parametrize("value", [b"19000101", b"00010101", b"99991231", b"19700101", b"00000000"])
def test_placeholders_do_not_tell_the_shift(value: bytes):
    assert moved("DA", value, 500) is None
    assert moved("DT", value + b"000000", 500) is None


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DA", b"20240230"),
        ("DA", b"2024"),
        ("DA", b"20240101-20240202"),
        ("DA", b"Jane Doe"),
        ("DA", "\uff12\uff10240102".encode()),
        ("DA", b"20240102\\Doe"),
        ("DT", b"2024"),
        ("DT", b"20240102Doe"),
        ("DT", b"20240102+01Doe"),
        ("TM", b"2561"),
        ("TM", b"1011 Doe"),
    ],
)
def test_malformed_values(vr: str, value: bytes):
    assert moved(vr, value, 500) is None


@given(st.sampled_from(["DA", "DT", "TM"]), st.binary(max_size=30), SHIFTS)
def test_nothing_crashes_or_lengthens(vr: str, value: bytes, days: int):
    result = moved(vr, value, days)
    assert result is None or len(result) <= len(value)


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
