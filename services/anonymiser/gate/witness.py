"""What the gate remembers of an object as it arrived, and its look at the finished one."""

from functools import lru_cache

from services.anonymiser.dataset.limits import UNHURRIED, Deadline
from services.anonymiser.dataset.tree import Item, word
from services.anonymiser.gate.detectors import silent
from services.anonymiser.gate.examining import Examination, Suspicion
from services.anonymiser.gate.folding import squeezed, tokens, words
from services.anonymiser.gate.judging import Bytes, Needle
from services.anonymiser.gate.marks import KINDS, LONG_UID, Marks, date_of
from services.anonymiser.gate.reading import unpacked
from services.anonymiser.gate.residue import NOTHING, Expect, Residue
from services.anonymiser.gate.searching import Index
from services.anonymiser.gate.shown import Shown, all_text
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

    def look(
        self, cleaned: Item, raw: bytes, expect: Expect = NOTHING, deadline: Deadline = UNHURRIED
    ) -> tuple[Residue, ...]:
        """What is left of them in the finished object, and what identifies by its form; empty in nearly all objects.

        `cleaned`: its elements. `raw`: its bytes outside the pixel data, not deflated, file meta information included.
        `expect`: what the profile retains. Raises BeyondLimits when `deadline` is over.
        """
        suspicion = self._suspect(cleaned, raw, expect, deadline)
        if not suspicion:
            return ()
        return Examination(self._original, cleaned, raw, self._marks, expect, deadline).residues(suspicion)

    def _suspect(self, cleaned: Item, raw: bytes, expect: Expect, deadline: Deadline) -> Suspicion:
        """Quick, and never says no where the close look would say yes."""
        shown = Shown(cleaned)
        text, hay = b"\n".join(shown.texts), squeezed(raw)
        if not text.isascii() or b"\x1b" in text:
            text = shown.plain() if len(shown.character_sets) < 2 else all_text(cleaned)
            hay += _BETWEEN_VALUES + squeezed(text)
        if hidden := unpacked(text):
            text += b"\n" + hidden
            hay += _BETWEEN_VALUES + squeezed(hidden)
        said = {*tokens(text), *words(text)}
        suspicion = Suspicion(texts=not silent(text, said) or _strangers(shown.people, cleaned))
        self._suspect_values(suspicion, hay, said, expect, deadline)
        suspicion.dates = self._suspects_dates(hay, shown, expect, deadline)
        if not expect.uids:
            suspicion.uids = self._suspected_uids(hay, shown, deadline)
        return suspicion

    def _suspect_values(
        self, suspicion: Suspicion, hay: bytes, said: set[bytes], expect: Expect, deadline: Deadline
    ) -> None:
        marks, retained = self._marks, _retained(expect)
        for kind in range(KINDS):
            if kind in retained:
                continue
            found = Index(marks.long[kind]).within(hay, deadline)
            short = sorted(marks.short[kind] & said)
            if found or short:
                suspicion.needles += [Needle(Kind(kind), form.decode("ascii")) for form in found]
                suspicion.needles += [Needle(Kind(kind), form.decode("ascii"), short=True) for form in short]
        for form in Index(marks.foreign).within(hay, deadline):
            if (owner := marks.foreign[form]) not in retained:
                suspicion.foreign.append(Bytes(owner, form))

    def _suspects_dates(self, hay: bytes, shown: Shown, expect: Expect, deadline: Deadline) -> bool:
        births = {form for day in self._marks.birth for form in (day, day[4:] + day[:4], day[6:] + day[4:6] + day[:4])}
        if Index(births).within(hay, deadline):
            return True
        if expect.dates:
            return False
        return not self._marks.dates.isdisjoint(map(date_of, b"\\".join(shown.dates).split(b"\\")))

    def _suspected_uids(self, hay: bytes, shown: Shown, deadline: Deadline) -> list[bytes]:
        uids = self._marks.uids
        found = uids.intersection([bytes(uid).rstrip(b"\0 ") for uid in shown.uids])
        if Index(self._marks.roots).within(hay, deadline):
            forms = {uid: uid.replace(b".", b"") for uid in uids if len(uid) >= LONG_UID}
            there = set(Index(set(forms.values())).within(hay, deadline))
            found |= {uid for uid, form in forms.items() if form in there}
        return sorted(found)


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
