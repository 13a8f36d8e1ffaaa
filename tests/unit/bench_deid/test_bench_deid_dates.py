"""Dates in text: found in whatever form, and judged by what became of those that were written."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.bench.deid.dates import after, dates_in, readings
from tests.bench.deid.score import Scored, Seen, _days, score
from tests.bench.deid.truth import Check, Instance, locate
from tests.bench.deid.wording import WORDINGS
from tests.unit.bench_deid import perfect

DAY = date(2016, 5, 17)
BY = 100
FORMS = sorted({form for one in WORDINGS.values() for form in one.entries("dates")})
OTHER_FORMS = ("%d.%B %Y", "%d %b. %Y", "%dth of %B %Y", "%B %d %Y", "%Y/%m/%d", "%Y %m %d", "%Y%m%d%H%M%S", "%m.%d.%Y")


@pytest.mark.parametrize("form", [*FORMS, *OTHER_FORMS])
@pytest.mark.parametrize("text", ["{}", "seen {}.", "DOB{}, again", "({}) 12 mm", "MRN 4711 {} L4 5"])
def test_a_date_is_found_in_every_form(form: str, text: str) -> None:
    assert dates_in(text.format(DAY.strftime(form))) == [frozenset({DAY})]


@pytest.mark.parametrize("form", FORMS)
def test_a_date_may_mean_what_it_was_written_for(form: str) -> None:
    for number in range(400):
        day = date(1931, 1, 1) + timedelta(days=97 * number)
        assert day in readings(day, form)
        assert readings(day, form) <= {day, date(day.year, min(day.day, 12), day.month if day.day <= 12 else 1)}


@pytest.mark.parametrize(
    "text", ["AX T2 2.5MM", "1.2.840.10008.5.1.4", "555-2016", "31.02.2016", "id 120320190", "5 May"]
)
def test_other_numbers_are_no_dates(text: str) -> None:
    assert dates_in(text) == []


def judged(there: str, *originals: tuple[date, str]) -> list[str | None]:
    """By original (day, form), why a text that held them fails, of a patient whose other dates move by `BY`."""
    checks = [Check("a", "text", "date_shifted", "00204000", day.isoformat(), form) for day, form in originals]
    days = [(check, there) for check in checks]
    days.append(
        (Check("a", "header", "date_shifted", "00080020", "20200101"), f"{date(2020, 1, 1) + timedelta(BY):%Y%m%d}")
    )
    verdicts = list(_days(Seen(days=days), {"a": Instance("a", "CT", "1", "generated")}))
    assert verdicts.pop().failure is None
    return [one.failure and one.failure.partition(" ")[0] for one in verdicts]


@pytest.mark.parametrize("written", FORMS)
@pytest.mark.parametrize("left", FORMS)
def test_a_day_is_right_or_wrong_in_whatever_form_it_is_left(written: str, left: str) -> None:
    moved, other = DAY + timedelta(days=BY), DAY + timedelta(days=BY - 1)
    assert judged(f"seen {DAY.strftime(left)}", (DAY, written)) == ["unchanged"]
    assert judged(f"seen {moved.strftime(left)}", (DAY, written)) == [None]
    assert judged(f"seen {other.strftime(left)}", (DAY, written)) == [other.isoformat()]
    assert judged("seen", (DAY, written)) == [None]


def test_what_reads_two_ways_is_right_when_one_of_its_readings_is() -> None:
    april, march = date(2016, 4, 3), date(2016, 3, 4)
    for meant in (april, march):
        moved = f"{meant + timedelta(days=BY):%Y-%m-%d}"
        assert judged(moved, (april, "%d/%m/%Y")) == [None]
        assert judged(f"{meant:%Y-%m-%d}", (april, "%d/%m/%Y")) == ["unchanged"]
    assert judged("03/04/2016", (april, "%Y-%m-%d")) == ["unchanged"]
    assert judged("2016-06-12", (april, "%d %B %Y")) == ["2016-06-12"]  # the other reading, of what reads one way
    back = date(2016, 3, 4) - timedelta(days=BY)
    assert judged("03/04/2016", (back, "%Y%m%d")) == [None]


def test_each_of_several_dates_is_judged_by_itself() -> None:
    other = date(1950, 1, 2)
    text = f"dob 1950-01-02, seen {DAY + timedelta(days=BY):%Y-%m-%d}"
    assert judged(text, (DAY, "%d %B %Y"), (other, "%d.%m.%Y")) == [None, "unchanged"]


def spoiled(few: Path, target: Path, by: int) -> Scored:
    """Perfect outputs, in whose text the dates are written in ISO's form, moved by so many days."""

    def spoil(dataset: Dataset, checks: list[Check]) -> None:
        for check in checks:
            element = locate(dataset, check.path) if check.action == "date_shifted" and check.how else None
            if element is not None:
                added = f" {date.fromisoformat(check.value) + timedelta(days=by)} "
                element.value += added.encode() if isinstance(element.value, bytes) else added

    return score(few, perfect.outputs(few, target, spoil))


def test_unmoved_dates_in_isos_form_are_seen_whatever_form_they_had(few: Path, tmp_path: Path) -> None:
    verdicts = spoiled(few, tmp_path, 0).verdicts
    in_text = [one for one in verdicts if one.check.action == "date_shifted" and one.check.how]
    assert len({one.check.how for one in in_text}) > 5
    assert [one for one in in_text if not (one.failure or "").startswith("unchanged")] == []


def test_dates_moved_by_another_number_of_days_are_seen(few: Path, tmp_path: Path) -> None:
    verdicts = spoiled(few, tmp_path, perfect.MOVED + 1).verdicts
    in_text = [one for one in verdicts if one.check.action == "date_shifted" and one.check.how]
    assert [one for one in in_text if not one.otherwise] == []


def test_dates_moved_like_all_others_pass(few: Path, tmp_path: Path) -> None:
    assert [one for one in spoiled(few, tmp_path, perfect.MOVED).verdicts if one.failure] == []


def test_a_day_that_no_calendar_has_is_no_day() -> None:
    assert after(date(2016, 5, 17), -400) == date(2015, 4, 13)
    assert after(date(1920, 1, 15), -735_000) is None
