"""Dates of the original in the finished object: moved dates may stand there, unmoved ones and the birth date not."""

from collections.abc import Iterable, Iterator
from functools import cached_property

from services.anonymiser.dataset.tree import Item
from services.anonymiser.gate.days import days_in, short_days_in
from services.anonymiser.gate.marks import Marks, date_of
from services.anonymiser.gate.residue import Detector, Expect, Residue, Severity
from services.anonymiser.gate.shown import CODES, Spot, spots
from services.anonymiser.gate.sources import Kind


def residues_of_dates(finished: Iterable[Spot], original: Item, marks: Marks, expect: Expect) -> Iterator[Residue]:
    """The places in `finished` where a date of `original` still stands."""
    dates = _Dates(original, marks, expect)
    for spot in finished:
        if spot.vr in ("DA", "DT"):
            yield from dates.of_element(spot)
        elif spot.is_read and spot.kind != Kind.MAKER:
            yield from dates.of_text(spot)
        elif spot.vr != "UI" and spot.tag not in CODES and marks.birth:
            yield from dates.of_birth(spot, dates.shown(spot))


class _Dates:
    """What is known of the original's dates; where each stood is only asked when one of them is met."""

    def __init__(self, original: Item, marks: Marks, expect: Expect) -> None:
        self.original, self.expect = original, expect
        self.births = {birth.decode("ascii") for birth in marks.birth}
        self.short_births = {birth[2:] for birth in self.births}
        self.known = self.births | {date.decode("ascii") for date in marks.dates}

    @cached_property
    def own(self) -> dict[tuple[int, ...], set[str]]:
        """The days by attribute path."""
        found: dict[tuple[int, ...], set[str]] = {}
        for spot in spots(self.original):
            if spot.vr in ("DA", "DT") or spot.is_text:
                found.setdefault(spot.path, set()).update(_days_of(spot))
        return found

    def shown(self, spot: Spot) -> set[str]:
        """The days in `spot`, without those to which the profile may have cut others."""
        days = _days_of(spot)
        return {day for day in days if not day.endswith("01")} if days and self.expect.months else days

    def of_element(self, spot: Spot) -> Iterator[Residue]:
        """A moved date may meet another date of the original, so only what stood here before counts."""
        shown = self.shown(spot)
        if shown.isdisjoint(self.known):
            return
        same = shown & self.own.get(spot.path, self.known)
        if same & self.births:
            yield Residue(Detector.BIRTH_DATE, spot.place)
        elif same and not self.expect.dates:
            yield Residue(Detector.DATE, spot.place)

    def of_text(self, spot: Spot) -> Iterator[Residue]:
        """Dates that no element of the original holds may still have stood in this text."""
        shown = self.shown(spot)
        yield from self.of_birth(spot, shown)
        if not shown or self.expect.dates:
            return  # before `own`, which is dear
        if shown & self.own.get(spot.path, set()):
            yield Residue(Detector.DATE, spot.place)
        elif shown & self.known:
            yield Residue(Detector.DATE, spot.place, Severity.WEAK)
        elif not self.expect.moved:
            yield Residue(Detector.TEXT_DATE, spot.place, Severity.WEAK)

    def of_birth(self, spot: Spot, shown: set[str]) -> Iterator[Residue]:
        if shown & self.births:
            yield Residue(Detector.BIRTH_DATE, spot.place)
        elif self.births and spot.is_text and any(self.short_births & short_days_in(text) for text in spot.texts()):
            yield Residue(Detector.BIRTH_DATE, spot.place, Severity.WEAK)


def _days_of(spot: Spot) -> set[str]:
    if spot.vr in ("DA", "DT"):
        return {day.decode("ascii") for part in spot.value.split(b"\\") if (day := date_of(part))}
    return set().union(*map(days_in, spot.texts()))
