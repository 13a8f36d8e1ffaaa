"""Dates move together, and whatever is not quite a date does not pass for one."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.anonymiser.cleaning.clock import Clock
from services.anonymiser.dataset.tree import Element
from shared.dicom.shift import Shift

DATES = st.dates(date(2001, 1, 1), date(2090, 1, 1))
SHIFTS = st.integers(-3650, 3650)


def moved(vr: str, value: bytes, days: int) -> bytes | None:
    return Clock(Shift(days)).moved(vr, value)


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


def test_times_of_day_by_the_hour():
    clock = Clock(Shift(1, 600), time_of_day="hour")
    assert clock.moved("TM", b"101112.5\\1059") == b"100000\\100000"
    assert clock.moved("DT", b"20240102101112.5") == b"20240103100000"


@given(
    st.datetimes(datetime(2001, 1, 2), datetime(2090, 1, 1)), st.datetimes(datetime(2001, 1, 2), datetime(2090, 1, 1))
)
def test_shifted_instants_keep_their_intervals_in_da_with_tm_and_in_dt(first: datetime, second: datetime):
    clock = Clock(Shift(400, 80_000), time_of_day="shift")
    first, second = (one.replace(microsecond=0) for one in (first, second))
    study = (
        Element(0x00080020, "DA", f"{first:%Y%m%d}".encode()),
        Element(0x00080030, "TM", f"{first:%H%M%S}".encode()),
    )
    if any(f"{day:%m%d}" == "0101" for day in (first, first + timedelta(days=1), second, second + timedelta(days=1))):
        return  # days on which unset clocks begin do not move
    day, time = (clock.moved(element.vr, element.content) for element in clock.paired(study))
    instant = clock.moved("DT", f"{second:%Y%m%d%H%M%S}".encode())
    assert day is not None
    assert time is not None
    assert instant is not None
    moved_first = datetime.strptime((day + time).decode(), "%Y%m%d%H%M%S")
    assert datetime.strptime(instant.decode(), "%Y%m%d%H%M%S") - moved_first == second - first


def test_the_first_of_the_month():
    clock = Clock(Shift(400), first_of_month=True)
    assert clock.moved("DA", b"20240229") == b"20240201"
    assert clock.moved("DT", b"20240229101112") == b"20240201101112"
