"""Dates move together, and whatever is not quite a date does not pass for one."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.anonymiser.cleaning.clock import Clock
from services.anonymiser.dataset.tree import Element
from shared.dicom.shift import Shift

DATES = st.dates(date(2001, 1, 1), date(2090, 1, 1))
SHIFTS = st.integers(-3650, 3650)
SHIFTED = st.builds(Shift, SHIFTS, st.integers(0, 86399))
# Days on which unset clocks begin do not move, nor does the day before one, if its time goes past midnight.
INSTANTS = st.datetimes(datetime(1912, 1, 1), datetime(2088, 1, 1)).filter(
    lambda at: all(f"{day:%m%d}" != "0101" for day in (at, at + timedelta(days=1)))
)


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


def shifted(shift: Shift, vr: str, value: str) -> str:
    """`value` where times of day are shifted too."""
    result = Clock(shift, time_of_day="shift").moved(vr, value.encode())
    assert result is not None
    return result.decode()


def instant(shift: Shift, one: datetime) -> datetime:
    return datetime.strptime(shifted(shift, "DT", f"{one:%Y%m%d%H%M%S.%f}"), "%Y%m%d%H%M%S.%f")


@given(SHIFTED, INSTANTS, INSTANTS)
def test_shifted_instants_keep_their_intervals_in_da_with_tm_and_in_dt(shift: Shift, first: datetime, second: datetime):
    study = (
        Element(0x00080020, "DA", f"{first:%Y%m%d}".encode()),
        Element(0x00080030, "TM", f"{first:%H%M%S.%f}".encode()),
    )
    paired = Clock(shift, time_of_day="shift").paired(study)
    day, time = (shifted(shift, element.vr, element.content.decode()) for element in paired)
    assert instant(shift, second) - datetime.strptime(day + time, "%Y%m%d%H%M%S.%f") == second - first


@given(SHIFTED, INSTANTS)
def test_a_day_beside_its_instant_is_off_by_what_the_instant_carried(shift: Shift, one: datetime):
    moved = instant(shift, one)
    assert moved - one == timedelta(days=shift.days, seconds=shift.seconds)
    assert moved.date() - parsed(shifted(shift, "DA", f"{one:%Y%m%d}").encode()) in (timedelta(0), timedelta(days=1))
    assert shifted(shift, "TM", f"{one:%H%M%S.%f}") == f"{moved:%H%M%S.%f}"


@given(SHIFTED, st.times(), st.times())
def test_intervals_between_times_alone_stay_modulo_a_day(shift: Shift, one: time, other: time):
    def between(first: str, second: str) -> timedelta:
        first_at, second_at = (datetime.strptime(at, "%H%M%S.%f") for at in (first, second))
        return (second_at - first_at) % timedelta(days=1)

    sent = [f"{at:%H%M%S.%f}" for at in (one, other)]
    assert between(*(shifted(shift, "TM", at) for at in sent)) == between(*sent)


def test_the_first_of_the_month():
    clock = Clock(Shift(400), first_of_month=True)
    assert clock.moved("DA", b"20240229") == b"20240201"
    assert clock.moved("DT", b"20240229101112") == b"20240201101112"
