"""Nobody recovers by how much a patient's dates were moved from the clean objects alone, better than by lot.

What is known from outside is another matter: who knows one true date of a patient, or the day of an arrival
(infra/adr/0006), has the shift. The last tests show what remains from inside, and that the attacks work.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache

import pytest

from services.anonymiser.dataset.tree import Element, Item, find
from shared.dicom.identity import PatientCode, Pseudonyms
from tests.unit.anonymiser import shift_attacks as attacks
from tests.unit.anonymiser.building import cleaned, elements_of, instance, sequence, text
from tests.unit.anonymiser.shift_attacks import Patient

PATIENTS = 240
BY_LOT = 3
"""Hits that chance gives now and then: one guess per patient hits one of 6,572 shifts, so 0.04 are expected and more
than three are seen once in ten million times."""

CALIBRATED, MADE, INSTALLED = date(2021, 3, 15), date(2017, 9, 4), date(2018, 1, 22)
CODES_OF, APPROVED, EXPIRES = date(2020, 11, 2), date(2019, 5, 6), date(2027, 8, 31)
UNSET = tuple(date(year, 1, 1) for year in (1900, 1970, 1980, 2000))
PUBLIC = (CALIBRATED, MADE, INSTALLED, CODES_OF, APPROVED, EXPIRES, *UNSET)

Study = tuple[date, bytes]


def digits(day: date) -> str:
    return f"{day:%Y%m%d}"


def device() -> list[Element]:
    """What all objects of a scanner share, and whatever else is the same for everybody."""
    codes = (
        text(0x00080100, "SH", "12738006"),
        text(0x00080102, "SH", "SCT"),
        text(0x00080104, "LO", "Brain"),
        text(0x00080106, "DT", f"{digits(CODES_OF)}000000"),
        text(0x00080107, "DT", f"{digits(CODES_OF)}"),
    )
    return [
        text(0x00080201, "SH", "+0100"),
        sequence(0x00082218, codes),
        text(0x00120086, "DA", digits(APPROVED)),
        text(0x00181200, "DA", digits(CALIBRATED)),
        text(0x00181201, "TM", "083000"),
        text(0x00181202, "DT", f"{digits(CALIBRATED)}083000+0100"),
        text(0x00181204, "DA", digits(MADE)),
        text(0x00181205, "DA", digits(INSTALLED)),
        text(0x0018700C, "DA", digits(CALIBRATED)),
        text(0x0044000B, "DT", digits(EXPIRES)),
        text(0x300A022C, "DA", digits(CALIBRATED)),
    ]


def study(patient: int, number: int, day: date, chance: random.Random) -> bytes:
    """One object of a study on `day`, which tells the day wherever scanners and people write it."""
    root = f"1.2.276.{patient}.{number}"
    at = datetime.combine(day, datetime.min.time()) + timedelta(seconds=chance.randrange(7 * 3600, 19 * 3600))
    unset = chance.choice(UNSET)
    own = [
        text(0x00080018, "UI", f"{root}.{digits(day)}.1"),
        text(0x00080012, "DA", digits(day)),
        text(0x00080020, "DA", digits(day)),
        text(0x00080021, "DA", digits(day)),
        text(0x00080022, "DA", digits(unset)),
        text(0x00080023, "DA", digits(day)),
        text(0x0008002A, "DT", f"{at:%Y%m%d%H%M%S}.25+0{1 + (4 <= day.month <= 10)}00"),
        text(0x00080030, "TM", f"{at:%H%M%S}"),
        text(0x00080050, "SH", f"{digits(day)}-{patient:04}"),
        text(0x00081030, "LO", f"Follow-up of {day:%d.%m.%Y}"),
        text(0x0008103E, "LO", f"T1 {day:%Y-%m-%d} post"),
        text(0x00100020, "LO", f"P{patient:05}"),
        text(0x00100030, "DA", digits(day - timedelta(days=20000 + patient))),
        text(0x00101010, "AS", "054Y"),
        text(0x00181030, "LO", f"BRAIN_{digits(day)}"),
        text(0x0020000D, "UI", f"{root}.{digits(day)}"),
        text(0x0020000E, "UI", f"{root}.{digits(day)}.0"),
        text(0x00204000, "LT", f"compared with {day:%d.%m.%Y}, scanner calibrated {CALIBRATED:%Y-%m-%d}"),
        text(0x00290010, "LO", "VENDOR 1.0"),
        text(0x00291001, "DA", digits(day)),
        text(0x00291002, "LO", f"calibrated {digits(CALIBRATED)}"),
        text(0x00400244, "DA", digits(day)),
    ]
    return instance(*device(), *own)


def released(days: Sequence[Sequence[date]], seed: int) -> tuple[list[Patient], list[int]]:
    """The clean objects of patients examined on these days, and what an attacker wants to know."""
    chance = random.Random(seed)
    cohort, truth = [], []
    for patient, own in enumerate(days):
        results = [cleaned(study(patient, number, day, chance)) for number, day in enumerate(own)]
        objects = [elements_of(result) for result in results]
        moved = {(study_date(elements) - day).days for elements, day in zip(objects, own, strict=True)}
        assert len(moved) == 1, "one shift per patient"
        cohort.append(Patient(tuple(objects), tuple(result.part10 for result in results)))
        truth += moved
    return cohort, truth


def study_date(elements: Item) -> date:
    element = find(elements, attacks.STUDY_DATE[0])
    assert element is not None
    return next(attacks.dates_in(element.content))


def weekday(chance: random.Random, first: date, length: int) -> date:
    """A working day in the `length` days from `first` on."""
    while True:
        day = first + timedelta(days=chance.randrange(length))
        if day.weekday() < 5:
            return day


@cache
def cohort() -> tuple[list[Patient], list[int]]:
    """Patients examined several times within six years, some of them twice on the same day."""
    chance = random.Random(20261124)
    days = []
    for _ in range(PATIENTS):
        own = [weekday(chance, date(2019, 1, 2), 6 * 365) for _ in range(chance.randint(1, 3))]
        days.append([*own, own[0]] if chance.random() < 0.2 else own)
    return released(days, 1)


def with_element(patients: list[Patient], truth: list[int], tag: int, day: date, *, moved: bool) -> list[Patient]:
    """The same patients after an engine that lets `tag` through, moved or as it was: what the attacks must find."""

    def element(days: int) -> Element:
        return text(tag, "DA", digits(day + timedelta(days=days if moved else 0)))

    return [
        replace(patient, objects=tuple((*elements, element(days)) for elements in patient.objects))
        for patient, days in zip(patients, truth, strict=True)
    ]


# --- nothing is recovered


def test_shifts_are_what_the_attacks_suppose():
    _, truth = cohort()
    assert all(365 <= abs(days) <= 3650 for days in truth)
    assert len(set(truth)) > PATIENTS * 0.9


def test_dates_that_everybody_knows_do_not_help():
    patients, truth = cohort()
    tried = [(path, day) for path in attacks.paths(patients) for day in PUBLIC]
    assert len(tried) >= 5 * len(PUBLIC), "the attack has something to try"
    for path, day in tried:
        assert attacks.hits(attacks.known_date(patients, path, day), truth) <= BY_LOT, (path, day)


def test_no_date_is_the_same_for_many_patients_before_it_is_moved():
    """Such a date would tie all their shifts together, whoever knows it or not."""
    patients, truth = cohort()
    for path in attacks.paths(patients):
        assert attacks.unmoved(patients, truth, path) <= 4, path


def test_supposing_that_a_date_is_shared_does_not_help():
    patients, truth = cohort()
    for path in attacks.paths(patients):
        assert attacks.hits(attacks.shared_date(patients, path), truth) <= BY_LOT, path


def test_no_date_of_the_patient_was_forgotten():
    patients, truth = cohort()
    guesses = attacks.forgotten_date(patients)
    assert sum(days in guess for guess, days in zip(guesses, truth, strict=True)) <= BY_LOT


def test_no_time_zone_is_left():
    """An offset tells summer from winter, and so half of a shift's remainder by the year."""
    patients, _ = cohort()
    for elements in (elements for patient in patients for elements in patient.objects):
        assert find(elements, 0x00080201) is None
        acquired = find(elements, 0x0008002A)
        assert acquired is not None
        assert b"+" not in acquired.content


def test_weekends_tell_the_weekday_and_nothing_beyond_it():
    """A limit that is known: the days of the week can be told from a patient with many studies. Who must not even tell
    that takes whole weeks, which say it openly and of which there are 938 as well."""
    chance = random.Random(7)
    days = [[weekday(chance, date(2021, 1, 4), 700) for _ in range(14)] for _ in range(PATIENTS)]
    patients, truth = released(days, 2)
    remainders, guesses = attacks.weekdays(patients)
    right = sum(remainder == days % 7 for remainder, days in zip(remainders, truth, strict=True))
    assert right > PATIENTS // 2, "the attack finds the weekend"
    assert attacks.hits(guesses, truth) <= BY_LOT


def test_whole_weeks_leave_no_remainder_to_find():
    pseudonyms = Pseudonyms(bytes(range(32)))
    shifts = [pseudonyms.shift(PatientCode(f"IC-{number}"), whole_weeks=True).days for number in range(PATIENTS)]
    assert {days % 7 for days in shifts} == {0}
    assert len(set(shifts)) > PATIENTS * 0.8


# --- what remains, and what the attacks find when there is something to find


def test_a_day_that_a_whole_cohort_shares_can_be_told():
    """A limit that is known: who releases patients who were all examined (or processed) on one day gives that day away,
    because moved copies of one day lie around it as shifts do; and with the day every shift, to a few days at least."""
    patients, truth = released([[date(2024, 5, 14)] for _ in range(PATIENTS)], 3)
    guesses = attacks.shared_date(patients, attacks.STUDY_DATE)
    off = {guess - days for guess, days in zip(guesses, truth, strict=True) if guess is not None}
    assert len(off) == 1, "all shifts are tied together"
    assert abs(off.pop()) < 30


def test_a_calibration_that_was_moved_would_be_found():
    patients, truth = cohort()
    leaking = with_element(patients, truth, 0x00181200, CALIBRATED, moved=True)
    path = (0x00181200,)
    assert path in attacks.paths(leaking)
    assert attacks.hits(attacks.known_date(leaking, path, CALIBRATED), truth) == PATIENTS
    assert attacks.unmoved(leaking, truth, path) == PATIENTS
    guesses = attacks.shared_date(leaking, path)
    assert sum(abs((guess or 0) - days) < 30 for guess, days in zip(guesses, truth, strict=True)) > PATIENTS * 0.9


def test_a_date_that_was_forgotten_would_be_found():
    days = [[weekday(random.Random(number), date(2023, 1, 2), 300)] for number in range(20)]
    patients, truth = released(days, 4)
    leaking = [
        with_element([patient], [moved], 0x00204000, own[0], moved=False)[0]
        for patient, moved, own in zip(patients, truth, days, strict=True)
    ]
    guesses = attacks.forgotten_date(leaking)
    assert all(moved in guess for guess, moved in zip(guesses, truth, strict=True))


@pytest.mark.parametrize(
    "value", [b"20240229", b"1.2.3.20240229.1", b"seen 29.02.2024", b"2024-02-29T10:00", b"20240229101112.5+0100"]
)
def test_the_attacks_read_dates_in_every_form(value: bytes):
    assert list(attacks.dates_in(value)) == [date(2024, 2, 29)]
