"""A close look at what the quick one suspects: which element holds it, how it stands there, and how much that says."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from services.anonymiser.dataset.limits import UNHURRIED, Deadline
from services.anonymiser.dataset.tree import Item
from services.anonymiser.gate.dates import residues_of_dates
from services.anonymiser.gate.detectors import found_in
from services.anonymiser.gate.folding import SEPARATORS, folded, spelled_out, squeezed
from services.anonymiser.gate.judging import SURE_BYTES, Bytes, Needle
from services.anonymiser.gate.marks import LONG_UID, Marks
from services.anonymiser.gate.people import person
from services.anonymiser.gate.reading import unpacked
from services.anonymiser.gate.residue import PLACE_OF_BYTES, Detector, Expect, Residue, Severity
from services.anonymiser.gate.searching import Index
from services.anonymiser.gate.shown import CODES, Spot, spots
from services.anonymiser.gate.sources import CODE_VALUE, Kind

STRONG, WEAK = Severity.STRONG, Severity.WEAK
_DAY = re.compile(rb"(?<!\d)\d{8}(?!\d)")
_MIXED = re.compile(rb"[a-z][A-Z]")  # may be Base64
_PSEUDONYM = re.compile(r"[A-Z][A-Z0-9]{0,7}-[A-Z2-7]{21}")
_PATIENT_ID = 0x00100020
_BETWEEN = f"[{re.escape(SEPARATORS)}]{{0,3}}"
_STEPS = frozenset({0x00400009, 0x00400253, 0x00401001})
"""Identifiers of procedures and their steps, for which some departments take the code of the procedure."""
_APART = b"\\"
"""What no form has in it, and squeezing leaves."""
_ENOUGH = 1000
"""Strong residues: the object is held, and so many places are all that anybody wants to be told."""
_OF_PLACES = (Kind.CONTACT, Kind.PLACE, Kind.INSTITUTION, Kind.DEVICE, Kind.PRIVATE)


@dataclass
class Suspicion:
    """What the quick look came upon in a finished object."""

    needles: list[Needle] = field(default_factory=list)
    foreign: list[Bytes] = field(default_factory=list)
    uids: list[bytes] = field(default_factory=list)
    dates: bool = False
    texts: bool = False

    def __bool__(self) -> bool:
        return self.values or self.dates or self.texts

    @property
    def values(self) -> bool:
        """Whether values of the original are among it."""
        return bool(self.needles or self.foreign or self.uids)

    @cached_property
    def forms(self) -> Index:
        """Those of the needles."""
        return Index({needle.bytes for needle in self.needles})

    @cached_property
    def exact(self) -> Index:
        """The UIDs."""
        return Index(self.uids)

    def touches(self, value: bytes) -> bool:
        """Whether one of the values may be in this one."""
        if not self.values:
            return False
        if not value.isascii() or b"\x1b" in value or _MIXED.search(value):
            return True
        return bool(self.forms.within(squeezed(value)) or self.exact.within(value))


class Examination:
    """One close look at one finished object."""

    def __init__(
        self, original: Item, cleaned: Item, raw: bytes, marks: Marks, expect: Expect, deadline: Deadline = UNHURRIED
    ) -> None:
        self.spots = tuple(spots(cleaned))
        self.original, self.raw, self.marks, self.expect, self.deadline = original, raw, marks, expect, deadline
        retained = (expect.institution, Kind.INSTITUTION), (expect.device, Kind.DEVICE)
        self.retained = {Kind.MAKER, *(kind for kept, kind in retained if kept)}
        self.codes = {text.strip() for spot in self.spots if spot.tag == _PATIENT_ID for text in spot.texts()}

    @cached_property
    def codes_of_procedures(self) -> frozenset[str]:
        """Codes of the original that are also identifiers of its steps, and of nothing else: codes they are."""
        steps, codes, others = set(), set(), set()
        for spot in spots(self.original):
            if spot.tag in _STEPS:
                steps.add(squeezed(spot.value))
            elif spot.tag == CODE_VALUE and spot.kind == Kind.TEXT:
                codes.add(squeezed(spot.value))
            elif spot.kind is not None and spot.kind < Kind.PRIVATE:
                others.add(squeezed(spot.value))
        return frozenset(code.decode("latin-1") for code in steps & codes - others)

    def residues(self, suspicion: Suspicion) -> tuple[Residue, ...]:
        """What is confirmed, each detector once per place; no more of it once there is more than anybody will read."""
        found = dict.fromkeys(_enough(self._all(suspicion)))
        sure = {(residue.detector, residue.place) for residue in found if residue.severity == STRONG}
        return tuple(r for r in found if r.severity == STRONG or (r.detector, r.place) not in sure)

    def _all(self, suspicion: Suspicion) -> Iterator[Residue]:
        for spot in self._watched():
            read = suspicion.texts and spot.is_read
            if not (read or suspicion.touches(spot.value)):
                continue
            written = spot.texts()
            if hidden := unpacked(spot.value):
                written = (*written, hidden.decode("utf-8", "replace"))
            yield from self._values(suspicion, spot, written)
            if read:
                yield from self._forms(spot, written)
        if suspicion.dates or suspicion.texts:
            yield from residues_of_dates(self._watched(), self.original, self.marks, self.expect)
        if suspicion.values or suspicion.dates:
            yield from self._between(suspicion)

    def _watched(self) -> Iterator[Spot]:
        for spot in self.spots:
            self.deadline.check()
            yield spot

    def _values(self, suspicion: Suspicion, spot: Spot, written: tuple[str, ...]) -> Iterator[Residue]:
        texts = tuple({form for text in written for form in (folded(text), spelled_out(text))})
        there = frozenset(suspicion.forms.within(_pressed(texts), self.deadline))
        for needle in suspicion.needles if there else ():
            if needle.bytes not in there:
                continue
            self.deadline.check()
            if spot.tag in CODES and any(needle.form in code for code in self.codes_of_procedures):
                continue
            if not self._belongs(needle.kind, spot, needle.short) and (severity := needle.severity(spot, texts)):
                yield Residue(needle.detector, spot.place, severity)
        for foreign in suspicion.foreign:
            if not self._belongs(foreign.kind, spot) and (severity := foreign.severity(spot)):
                yield Residue(foreign.detector, spot.place, severity)
        if suspicion.uids and spot.kind != Kind.NOTHING:
            for uid in suspicion.exact.within("\\".join(written).encode("latin-1", "replace"), self.deadline):
                if any(_uid_in(uid.decode("latin-1"), text) for text in written):
                    yield Residue(Detector.UID, spot.place)

    def _belongs(self, kind: Kind, spot: Spot, short: bool = False) -> bool:
        """Whether the profile retains this where it stands. Hospitals are named after doctors, stations after them."""
        if self.expect.institution and spot.kind == Kind.INSTITUTION:
            return kind in _OF_PLACES or kind == Kind.NAME
        return self.expect.device and spot.kind == Kind.DEVICE and (kind in _OF_PLACES or (kind == Kind.NAME and short))

    def _forms(self, spot: Spot, written: tuple[str, ...]) -> Iterator[Residue]:
        if spot.kind in self.retained:
            return
        for text in written:
            if text.strip() in self.codes or _PSEUDONYM.fullmatch(text.strip()):
                continue
            if spot.vr == "PN" and (severity := person(text)):
                yield Residue(Detector.PERSON, spot.place, severity)
            for detector, severity in found_in(text):
                yield Residue(detector, spot.place, severity)

    def _between(self, suspicion: Suspicion) -> Iterator[Residue]:
        """What the bytes hold more often than the elements do."""
        pressed = squeezed(self.raw)
        inside = [squeezed(spot.value) for spot in self.spots]
        plain = self.raw.decode("latin-1")
        values = [spot.value.decode("latin-1") for spot in self.spots]
        for needle in suspicion.needles:
            self.deadline.check()
            weak = len(needle.form) < SURE_BYTES
            if needle.short or (weak and needle.form.isdigit()) or not _beyond(needle.bytes, pressed, inside):
                continue
            if _more(_BETWEEN.join(map(re.escape, needle.form)), plain, values):
                yield Residue(needle.detector, PLACE_OF_BYTES, WEAK if weak else STRONG)
        for uid in suspicion.uids:
            self.deadline.check()
            if (
                len(uid) >= LONG_UID
                and _beyond(uid.replace(b".", b""), pressed, inside)
                and _more("\0?".join(map(re.escape, uid.decode("latin-1"))) + r"(?![.\0]{0,2}\d)", plain, values)
            ):
                yield Residue(Detector.UID, PLACE_OF_BYTES)
        if suspicion.dates:
            there = Counter(_DAY.findall(self.raw))
            there.subtract(day for spot in self.spots for day in _DAY.findall(spot.value))
            if any(there[birth] > 0 for birth in self.marks.birth):
                yield Residue(Detector.BIRTH_DATE, PLACE_OF_BYTES)
        for foreign in suspicion.foreign:
            if len(foreign.form) >= SURE_BYTES and _beyond(foreign.form, pressed, inside):
                yield Residue(foreign.detector, PLACE_OF_BYTES)


def _enough(residues: Iterable[Residue]) -> Iterator[Residue]:
    sure = 0
    for residue in residues:
        yield residue
        sure += residue.severity == STRONG
        if sure >= _ENOUGH:
            return


def _pressed(texts: tuple[str, ...]) -> bytes:
    return _APART.join(squeezed(text.encode("utf-8", "replace")) for text in texts)


def _beyond(form: bytes, whole: bytes, parts: list[bytes]) -> bool:
    return whole.count(form) > sum(part.count(form) for part in parts)


def _more(pattern: str, text: str, values: list[str]) -> bool:
    form = re.compile(pattern, re.IGNORECASE)
    there = sum(1 for _ in form.finditer(text))
    return there > 0 and there > sum(1 for value in values for _ in form.finditer(value))


def _uid_in(uid: str, text: str) -> bool:
    if uid not in text:
        return False
    return re.search(rf"(?<![\d.]){re.escape(uid)}(?!\.?\d)", text) is not None
