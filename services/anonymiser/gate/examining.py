"""A close look at what the quick one suspects: which element holds it, how it stands there, and how much that says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.anonymiser.dataset.tree import Item
from services.anonymiser.gate import dates
from services.anonymiser.gate.detectors import found_in
from services.anonymiser.gate.folding import SEPARATORS, folded, spelled_out, squeezed
from services.anonymiser.gate.judging import SURE_BYTES, Bytes, Needle
from services.anonymiser.gate.kept import CODES, Spot, spots
from services.anonymiser.gate.marks import Marks, date_of
from services.anonymiser.gate.people import person
from services.anonymiser.gate.reading import unpacked
from services.anonymiser.gate.residue import PLACE_OF_BYTES, Detector, Expect, Residue, Severity
from services.anonymiser.gate.sources import Kind

STRONG, WEAK = Severity.STRONG, Severity.WEAK
_PSEUDONYM = re.compile(r"[A-Z][A-Z0-9]{0,7}-[A-Z2-7]{21}")
_PATIENT_ID = 0x00100020
_BETWEEN = f"[{re.escape(SEPARATORS)}]{{0,3}}"
_NAMES_PLACES = (Kind.NAME, Kind.INSTITUTION, Kind.DEVICE)


@dataclass(slots=True)
class Suspicion:
    """What the quick look came upon in a finished object."""

    needles: list[Needle] = field(default_factory=list)
    foreign: list[Bytes] = field(default_factory=list)
    uids: list[str] = field(default_factory=list)
    dates: bool = False
    texts: bool = False

    def __bool__(self) -> bool:
        return bool(self.needles or self.foreign or self.uids or self.dates or self.texts)


class Examination:
    """One close look at one finished object."""

    def __init__(self, original: Item, cleaned: Item, raw: bytes, marks: Marks, expect: Expect) -> None:
        self.spots = tuple(spots(cleaned))
        self.original, self.raw, self.marks, self.expect = original, raw, marks, expect
        self.codes = {text.strip() for spot in self.spots if spot.tag == _PATIENT_ID for text in spot.texts()}

    def residues(self, suspicion: Suspicion) -> tuple[Residue, ...]:
        """What is confirmed, each detector once per place."""
        found = dict.fromkeys(self._all(suspicion))
        sure = {(residue.detector, residue.place) for residue in found if residue.severity == STRONG}
        return tuple(r for r in found if r.severity == STRONG or (r.detector, r.place) not in sure)

    def _all(self, suspicion: Suspicion) -> Iterator[Residue]:
        for spot in self.spots:
            written = spot.texts()
            if hidden := unpacked(spot.value):
                written = (*written, hidden.decode("utf-8", "replace"))
            yield from self._values(suspicion, spot, written)
            if suspicion.texts and spot.tag not in CODES and (spot.is_text or spot.vr == "UN"):
                yield from self._forms(spot, written)
        if suspicion.dates or suspicion.texts:
            yield from self._dates()
        yield from self._between(suspicion)

    def _values(self, suspicion: Suspicion, spot: Spot, written: tuple[str, ...]) -> Iterator[Residue]:
        texts = tuple({form for text in written for form in (folded(text), spelled_out(text))})
        for needle in suspicion.needles:
            if not self._belongs(needle.kind, spot) and (severity := needle.severity(spot, texts)):
                yield Residue(needle.detector, spot.place, severity)
        for foreign in suspicion.foreign:
            if not self._belongs(foreign.kind, spot) and (severity := foreign.severity(spot)):
                yield Residue(foreign.detector, spot.place, severity)
        if suspicion.uids and spot.kind != Kind.NOTHING:
            for uid in suspicion.uids:
                if any(_uid_in(uid, text) for text in written):
                    yield Residue(Detector.UID, spot.place)

    def _belongs(self, kind: Kind, spot: Spot) -> bool:
        """Whether the profile retains this where it stands. A hospital may be named after its doctor."""
        if self.expect.institution and spot.kind == Kind.INSTITUTION:
            return kind in _NAMES_PLACES
        return self.expect.device and spot.kind == Kind.DEVICE and kind in _NAMES_PLACES[1:]

    def _forms(self, spot: Spot, written: tuple[str, ...]) -> Iterator[Residue]:
        if (self.expect.institution and spot.kind == Kind.INSTITUTION) or (
            self.expect.device and spot.kind == Kind.DEVICE
        ):
            return
        for text in written:
            if text.strip() in self.codes or _PSEUDONYM.fullmatch(text.strip()):
                continue
            if spot.vr == "PN" and (severity := person(text)):
                yield Residue(Detector.PERSON, spot.place, severity)
            for detector, severity in found_in(text):
                yield Residue(detector, spot.place, severity)

    def _dates(self) -> Iterator[Residue]:
        own: dict[tuple[int, ...], set[str]] = {}
        for spot in spots(self.original):
            if spot.vr in ("DA", "DT") or spot.is_text:
                own.setdefault(spot.path, set()).update(_days_of(spot))
        for spot in self.spots:
            if spot.vr in ("DA", "DT"):
                yield from self._date_element(spot, own.get(spot.path))
            elif spot.is_text or spot.vr == "UN":
                yield from self._date_text(spot, own.get(spot.path, set()))
            elif spot.vr != "UI" and self.marks.birth:
                yield from self._births(spot, _days_of(spot))

    def _date_element(self, spot: Spot, own: set[str] | None) -> Iterator[Residue]:
        """Moved dates may meet another date of the original, so only what stood here before counts."""
        now = {day for day in _days_of(spot) if not (self.expect.months and day.endswith("01"))}
        births = {birth.decode("ascii") for birth in self.marks.birth}
        known = own if own is not None else births | {date.decode("ascii") for date in self.marks.dates}
        if now & known & births:
            yield Residue(Detector.BIRTH_DATE, spot.place)
        elif now & known and not self.expect.dates:
            yield Residue(Detector.DATE, spot.place)

    def _date_text(self, spot: Spot, own: set[str]) -> Iterator[Residue]:
        now = _days_of(spot)
        yield from self._births(spot, now)
        if self.expect.dates or not now or spot.tag in CODES:
            return
        known = {date.decode("ascii") for date in self.marks.dates}
        if now & own:
            yield Residue(Detector.DATE, spot.place)
        elif now & known:
            yield Residue(Detector.DATE, spot.place, WEAK)
        elif not self.expect.moved:
            yield Residue(Detector.TEXT_DATE, spot.place, WEAK)

    def _births(self, spot: Spot, now: set[str]) -> Iterator[Residue]:
        births = {birth.decode("ascii") for birth in self.marks.birth}
        if now & births:
            yield Residue(Detector.BIRTH_DATE, spot.place)
        elif spot.is_text and any({birth[2:] for birth in births} & dates.short_days(text) for text in spot.texts()):
            yield Residue(Detector.BIRTH_DATE, spot.place, WEAK)

    def _between(self, suspicion: Suspicion) -> Iterator[Residue]:
        """What the bytes hold more often than the elements do."""
        plain = self.raw.decode("latin-1")
        values = [spot.value.decode("latin-1") for spot in self.spots]
        for needle in suspicion.needles:
            weak = len(needle.form) < SURE_BYTES
            if needle.short or (weak and needle.form.isdigit()):
                continue
            if _more(_BETWEEN.join(map(re.escape, needle.form)), plain, values):
                yield Residue(needle.detector, PLACE_OF_BYTES, WEAK if weak else STRONG)
        for uid in suspicion.uids:
            if _more("\0?".join(map(re.escape, uid)) + r"(?![.\0]{0,2}\d)", plain, values):
                yield Residue(Detector.UID, PLACE_OF_BYTES)
        for birth in self.marks.birth if suspicion.dates else ():
            if _more(rf"(?<!\d){birth.decode('ascii')}(?!\d)", plain, values):
                yield Residue(Detector.BIRTH_DATE, PLACE_OF_BYTES)
        for foreign in suspicion.foreign:
            inside = sum(squeezed(spot.value).count(foreign.form) for spot in self.spots)
            if len(foreign.form) >= SURE_BYTES and squeezed(self.raw).count(foreign.form) > inside:
                yield Residue(foreign.detector, PLACE_OF_BYTES)


def _more(pattern: str, text: str, values: list[str]) -> bool:
    form = re.compile(pattern, re.IGNORECASE)
    there = sum(1 for _ in form.finditer(text))
    return there > 0 and there > sum(1 for value in values for _ in form.finditer(value))


def _uid_in(uid: str, text: str) -> bool:
    if uid not in text:
        return False
    return re.search(rf"(?<![\d.]){re.escape(uid)}(?!\.?\d)", text) is not None


def _days_of(spot: Spot) -> set[str]:
    if spot.vr in ("DA", "DT"):
        parts = map(date_of, spot.value.split(b"\\"))
        return {part.decode("ascii") for part in parts if part}
    return set().union(*map(dates.days, spot.texts()))
