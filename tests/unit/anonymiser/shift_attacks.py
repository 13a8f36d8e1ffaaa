"""Ways to find by how much a patient's dates were moved, for somebody who has nothing but the clean objects.

An attack sees the cohort's clean objects and gives one guess per patient, or None. It knows what everybody may know:
how shifts are made, which our sources tell, and dates that stand in brochures and calendars.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from services.anonymiser.dataset.tree import Item
from shared.dicom.shift import MAX_SHIFT_DAYS, MIN_SHIFT_DAYS

STUDY_DATE = (0x00080020,)

Path = tuple[int, ...]
Guesses = Sequence[int | None]

_YEAR_FIRST = re.compile(r"(?<!\d)((?:19|20)\d\d)([-./_]?)(\d\d)\2(\d\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d\d)([-./_])(\d\d)\2((?:19|20)\d\d)(?!\d)")


@dataclass(frozen=True)
class Patient:
    """All clean objects of one patient, and the bytes that they were read from."""

    objects: tuple[Item, ...]
    raw: tuple[bytes, ...] = ()

    @cached_property
    def dates(self) -> Mapping[Path, tuple[date, ...]]:
        """Whatever reads like a date, by where it stands; under the empty path what stands anywhere in the bytes."""
        found: dict[Path, list[date]] = defaultdict(list)
        for elements in self.objects:
            for path, value in _values(elements):
                found[path] += dates_in(value)
        found[()] = [day for data in self.raw for day in dates_in(data)]
        return {path: tuple(days) for path, days in found.items() if days}

    @property
    def studies(self) -> tuple[date, ...]:
        return self.dates[STUDY_DATE]


def dates_in(value: bytes) -> Iterator[date]:
    """Dates in any value, also in the middle of a text, a number or a UID."""
    text = value.decode("latin-1")
    forms = [(match[1], match[3], match[4]) for match in _YEAR_FIRST.finditer(text)]
    forms += [(match[4], match[3], match[1]) for match in _DAY_FIRST.finditer(text)]
    for year, month, day in forms:
        try:
            yield date(int(year), int(month), int(day))
        except ValueError:
            continue


def _values(elements: Item, above: Path = ()) -> Iterator[tuple[Path, bytes]]:
    for element in elements:
        path = (*above, element.tag)
        for item in element.items:
            yield from _values(item, path)
        yield path, element.content


def paths(cohort: Sequence[Patient]) -> list[Path]:
    """Where at least a quarter of the patients have a date."""
    all_paths = {path for patient in cohort for path in patient.dates}
    return sorted(path for path in all_paths if sum(path in patient.dates for patient in cohort) * 4 >= len(cohort))


def known_date(cohort: Sequence[Patient], path: Path, day: date) -> Guesses:
    """Everybody knows that `day` stood at `path`: a calibration, a version of a code list, a clock that nobody set."""
    return [_possible((patient.dates[path][0] - day).days) if path in patient.dates else None for patient in cohort]


def shared_date(cohort: Sequence[Patient], path: Path) -> Guesses:
    """Somebody supposes that the same day stood at `path` for all. Its copies then lie around it as shifts do: within
    ten years, but none within one year. What fits is the day."""
    days = [patient.dates[path][0].toordinal() if path in patient.dates else None for patient in cohort]
    there = sorted(day for day in days if day is not None)
    first, last = there[-1] - MAX_SHIFT_DAYS, there[0] + MAX_SHIFT_DAYS
    fits = [day for day in range(first, last + 1) if all(abs(day - copy) >= MIN_SHIFT_DAYS for copy in there)]
    guess = fits[len(fits) // 2] if fits else (there[0] + there[-1]) // 2
    return [None if day is None else _possible(day - guess) for day in days]


def forgotten_date(cohort: Sequence[Patient]) -> Sequence[frozenset[int]]:
    """Of all dates of a patient one was forgotten, so it lies as far from a study as the patient was moved. Several
    guesses each: a study may lie that far from another one as well."""
    guesses = []
    for patient in cohort:
        days = {day for days in patient.dates.values() for day in days}
        far = ((study - day).days for study in patient.studies for day in days)
        guesses.append(frozenset(shift for shift in far if _possible(shift) is not None))
    return guesses


def weekdays(cohort: Sequence[Patient], seed: int = 1) -> tuple[list[int], Guesses]:
    """Nobody is examined on a weekend. What a patient's studies leave free is the weekend, which tells the shift modulo
    seven; the rest is drawn by lot. Also gives the remainders themselves."""
    chance = random.Random(seed)
    remainders, guesses = [], []
    for patient in cohort:
        used = [(day.toordinal() - 1) % 7 for day in patient.studies]
        remainder = min(range(7), key=lambda moved: sum((day - moved) % 7 >= 5 for day in used))
        remainders.append(remainder)
        possible = [days for days in _all_shifts() if days % 7 == remainder]
        guesses.append(chance.choice(possible))
    return remainders, guesses


def unmoved(cohort: Sequence[Patient], truth: Sequence[int], path: Path) -> int:
    """Not an attack but its upper bound: of how many patients the date at `path` was the same before it was moved."""
    before: dict[date, int] = defaultdict(int)
    for patient, days in zip(cohort, truth, strict=True):
        if path in patient.dates:
            before[patient.dates[path][0] - timedelta(days=days)] += 1
    return max(before.values(), default=0)


def hits(guesses: Guesses, truth: Sequence[int]) -> int:
    """How many patients' shifts were guessed to the day."""
    return sum(guess == days for guess, days in zip(guesses, truth, strict=True))


def _possible(days: int) -> int | None:
    return days if MIN_SHIFT_DAYS <= abs(days) <= MAX_SHIFT_DAYS else None


def _all_shifts() -> Iterator[int]:
    for size in range(MIN_SHIFT_DAYS, MAX_SHIFT_DAYS + 1):
        yield from (size, -size)
