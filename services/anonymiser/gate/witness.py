"""What the gate remembers of an object as it arrived, and its look at the finished one."""

from functools import lru_cache

from services.anonymiser.dataset.tree import Item, word
from services.anonymiser.gate.detectors import silent
from services.anonymiser.gate.examining import Examination, Suspicion
from services.anonymiser.gate.folding import squeezed, tokens, words
from services.anonymiser.gate.judging import Bytes, Needle
from services.anonymiser.gate.kept import Kept, all_text
from services.anonymiser.gate.marks import KINDS, LONG_UID, Marks, date_of
from services.anonymiser.gate.reading import unpacked
from services.anonymiser.gate.residue import NOTHING, Expect, Residue
from services.anonymiser.gate.sources import Kind, Sources
from services.anonymiser.gate.words import public

PATIENT_ID = 0x00100020
_BETWEEN_VALUES = b"\\"


class Witness:
    """The identifying values of one object as it arrived. Lives as long as its de-identification; shows nothing."""

    __slots__ = ("_marks", "_original")

    def __init__(self, original: Item, marks: Marks) -> None:
        self._original = original
        self._marks = marks

    def __repr__(self) -> str:
        return "Witness()"

    @classmethod
    def of(cls, original: Item) -> "Witness":
        """Remembers `original`, private elements and all depths included."""
        sources = Sources()
        sources.gather(original)
        return cls(original, Marks(sources))

    def look(self, cleaned: Item, raw: bytes, expect: Expect = NOTHING) -> tuple[Residue, ...]:
        """What is left of them in the finished object, and what identifies by its form; empty in nearly all objects.

        `cleaned`: its elements. `raw`: its bytes outside the pixel data, not deflated, file meta information included.
        `expect`: what the profile retains.
        """
        suspicion = self._suspect(cleaned, raw, expect)
        if not suspicion:
            return ()
        return Examination(self._original, cleaned, raw, self._marks, expect).residues(suspicion)

    def _suspect(self, cleaned: Item, raw: bytes, expect: Expect) -> Suspicion:
        """Quick, and never says no where the close look would say yes."""
        kept = Kept(cleaned)
        text, hay = b"\n".join(kept.texts), squeezed(raw)
        if not text.isascii() or b"\x1b" in text:
            text = kept.plain() if len(kept.character_sets) < 2 else all_text(cleaned)
            hay += _BETWEEN_VALUES + squeezed(text)
        if hidden := unpacked(text):
            text += b"\n" + hidden
            hay += _BETWEEN_VALUES + squeezed(hidden)
        said = {*tokens(text), *words(text)}
        suspicion = Suspicion(texts=not silent(text, said) or _strangers(kept.people, cleaned))
        self._suspect_values(suspicion, hay, said, expect)
        suspicion.dates = self._suspects_dates(hay, kept, expect)
        if not expect.uids:
            suspicion.uids = self._suspected_uids(hay, kept)
        return suspicion

    def _suspect_values(self, suspicion: Suspicion, hay: bytes, said: set[bytes], expect: Expect) -> None:
        marks, retained = self._marks, _retained(expect)
        for kind in range(KINDS):
            if kind in retained:
                continue
            found = [form for form in marks.long[kind] if form in hay]
            short = marks.short[kind] & said
            if found or short:
                suspicion.needles += [Needle(Kind(kind), form.decode("ascii")) for form in found]
                suspicion.needles += [Needle(Kind(kind), form.decode("ascii"), short=True) for form in short]
        for form, owner in marks.foreign.items():
            if owner not in retained and form in hay:
                suspicion.foreign.append(Bytes(owner, form))

    def _suspects_dates(self, hay: bytes, kept: Kept, expect: Expect) -> bool:
        for day in self._marks.birth:
            year, month_day = day[:4], day[4:]
            if day in hay or month_day + year in hay or month_day[2:] + month_day[:2] + year in hay:
                return True
        if expect.dates:
            return False
        return not self._marks.dates.isdisjoint(map(date_of, b"\\".join(kept.dates).split(b"\\")))

    def _suspected_uids(self, hay: bytes, kept: Kept) -> list[bytes]:
        uids = self._marks.uids
        found = uids.intersection([bytes(uid).rstrip(b"\0 ") for uid in kept.uids])
        for root in self._marks.roots:
            if root in hay:
                found |= {uid for uid in uids if len(uid) >= LONG_UID and uid.replace(b".", b"") in hay}
        return list(found)


@lru_cache(maxsize=64)
def _retained(expect: Expect) -> frozenset[int]:
    options = (
        (expect.device, Kind.DEVICE),
        (expect.institution, Kind.INSTITUTION),
        (expect.characteristics, Kind.CHARACTERISTIC),
    )
    return frozenset(int(kind) for retained, kind in options if retained)


def _strangers(people: list[bytes | memoryview], cleaned: Item) -> bool:
    """Whether a name stands there that is neither the patient's code nor a common word."""
    codes = {b"", word(cleaned, PATIENT_ID).encode("ascii", "replace")}
    strangers = {bytes(name).strip(b" \0") for name in people} - codes
    return bool(strangers) and not public().issuperset(tokens(b"\n".join(strangers)))
