"""Whom an object belongs to, as far as the values of his objects depend on it."""

from dataclasses import dataclass
from datetime import date

from services.anonymiser.cleaning.clock import Clock
from services.anonymiser.descriptors.known import Known


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose the object is. `old`: above the age that is capped."""

    code: str
    clock: Clock
    known: Known
    examined: str = ""
    """Study Date (DA) of the original."""
    old: bool = False
    cap: int | None = None

    def own_day(self, day: date) -> date | None:
        """`day` moved if the object knows it as one of the patient's. Any other in a text may be of software, of a
        protocol or of a device: anybody can look it up, and moved it would tell the shift."""
        return self.clock.day(day) if day in self.known.dates else None
