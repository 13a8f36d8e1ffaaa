"""By how much a patient's time line moves."""

from dataclasses import dataclass
from datetime import date, timedelta

MIN_SHIFT_DAYS = 365
MAX_SHIFT_DAYS = 3650
_DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Shift:
    """One number of days for all dates of a patient, and seconds for projects that do not keep the time of day.

    `days`: 365 to 3650, either way. `seconds`: 0 to 86399, always forwards.

    Where the time of day is kept, or cut to the hour, only `day` applies. Where it is shifted, instants (DT, and a DA
    with the TM that belongs to it) move by both as one: the day carries, and intervals between instants stay. A DA
    without a TM moves by days only, so beside an instant it may be off by the one day that the instant carried. A TM
    without a DA wraps at midnight, so an interval between two of them stays only modulo a day.
    """

    days: int
    seconds: int = 0

    def day(self, day: date) -> date:
        """A date. Raises OverflowError beyond the years 1 to 9999."""
        return day + timedelta(days=self.days)


def shift_of(days: int, seconds: int, *, whole_weeks: bool) -> Shift:
    """The shift that two large random numbers stand for, all equally likely (but for the last of the whole weeks).

    Whole weeks are the same shift, rounded up: who sees one patient in both ways learns no more than the weekday.
    """
    size, later = divmod(days, 2)
    size = MIN_SHIFT_DAYS + size % (MAX_SHIFT_DAYS - MIN_SHIFT_DAYS + 1)
    if whole_weeks:
        size = min(-(-size // 7), MAX_SHIFT_DAYS // 7) * 7
    return Shift(size if later else -size, seconds % _DAY)
