"""Shifts: one per patient, whole days or weeks, and intervals stay."""

from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from shared.dicom.identity import PatientCode, Pseudonyms
from shared.dicom.shift import MAX_SHIFT_DAYS, MIN_SHIFT_DAYS, Shift, shift_of

ONE, OTHER = Pseudonyms(bytes(range(32))), Pseudonyms(bytes(range(1, 33)))
SHIFTS = st.builds(Shift, st.integers(-3650, 3650), st.integers(0, 86399))
NUMBERS = st.integers(0, 2**128 - 1)


def shifts(count: int, *, whole_weeks: bool = False) -> list[Shift]:
    return [ONE.shift(PatientCode(f"IC-{number}"), whole_weeks=whole_weeks) for number in range(count)]


def test_values_are_fixed_for_good():
    """A change here moves every patient of every project a second time."""
    code = ONE.patient_code("s1", "", "4711", "")
    assert ONE.shift(code) == Shift(1420, 13907)
    assert ONE.shift(code, whole_weeks=True) == Shift(1421, 13907)
    assert OTHER.shift(code) != ONE.shift(code)


@given(NUMBERS, NUMBERS, st.booleans())
def test_a_year_or_more_either_way_and_less_than_a_day(days: int, seconds: int, whole_weeks: bool):
    shift = shift_of(days, seconds, whole_weeks=whole_weeks)
    assert MIN_SHIFT_DAYS <= abs(shift.days) <= MAX_SHIFT_DAYS
    assert 0 <= shift.seconds < 86400
    assert not whole_weeks or shift.days % 7 == 0


@given(NUMBERS)
def test_whole_weeks_are_the_same_shift_but_for_the_weekday(days: int):
    exact, weeks = (shift_of(days, 0, whole_weeks=whole_weeks).days for whole_weeks in (False, True))
    assert abs(exact - weeks) < 7
    assert exact * weeks > 0


def test_every_size_is_there_and_none_is_preferred():
    counts = Counter(shift_of(number, 0, whole_weeks=False).days for number in range(2 * 3286))
    assert len(counts) == 2 * (MAX_SHIFT_DAYS - MIN_SHIFT_DAYS + 1)
    assert set(counts.values()) == {1}
    weeks = Counter(abs(shift_of(number, 0, whole_weeks=True).days) for number in range(2 * 3286))
    assert len(weeks) == 469
    assert set(weeks.values()) == {14, 20}


def test_patients_get_shifts_all_over_the_range():
    found = shifts(2000)
    assert len({shift.days for shift in found}) > 1500
    assert 900 < sum(shift.days > 0 for shift in found) < 1100
    assert len({shift.seconds // 3600 for shift in found}) == 24
    assert len({shift.days for shift in shifts(2000, whole_weeks=True)}) > 700


@given(SHIFTS, st.dates(date(1920, 1, 1), date(2080, 1, 1)), st.dates(date(1920, 1, 1), date(2080, 1, 1)))
def test_intervals_between_days_stay(shift: Shift, one: date, other: date):
    assert shift.day(other) - shift.day(one) == other - one
