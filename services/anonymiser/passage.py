"""One object's way through the engine: pixels, elements, marks, and the gate at the end."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

from services.anonymiser.cleaning.acts import Acts
from services.anonymiser.cleaning.cleaner import Cleaner
from services.anonymiser.cleaning.clock import Clock, latest
from services.anonymiser.cleaning.memory import Memory
from services.anonymiser.cleaning.private import characteristics
from services.anonymiser.cleaning.subject import Subject
from services.anonymiser.cleaning.uids import proper
from services.anonymiser.cleaning.values import older
from services.anonymiser.dataset import text
from services.anonymiser.dataset.header import bulk, header
from services.anonymiser.dataset.limits import Deadline, Limits
from services.anonymiser.dataset.mapped import pieces
from services.anonymiser.dataset.tags import (
    DOCUMENT,
    ISSUER_OF_PATIENT_ID,
    PATIENT_AGE,
    PATIENT_ID,
    PATIENT_NAME,
    SERIES,
    SOP_CLASS,
    SOP_INSTANCE,
    STUDY,
)
from services.anonymiser.dataset.tree import Element, Item, Syntax, find, replaced, word, words
from services.anonymiser.dataset.writing import encoded, parts
from services.anonymiser.descriptors.known import Known
from services.anonymiser.descriptors.vocabulary import shipped as vocabulary
from services.anonymiser.findings import Code, finding
from services.anonymiser.gate.residue import Expect, Residue, decides
from services.anonymiser.gate.witness import Witness
from services.anonymiser.gate_policy import expected_of
from services.anonymiser.pixels.cleaning import Blanked, HeldPixels, Untouched, clean_pixels
from services.anonymiser.pixels.faces import may_show_face
from services.anonymiser.pixels.policy import PixelPolicy
from services.anonymiser.pixels.workers import Examiner
from services.anonymiser.profile.claims import marks
from services.anonymiser.profile.model import Profile
from services.anonymiser.profile.options import Option
from services.anonymiser.profile.pixel_policy import policy_of
from services.anonymiser.profile.rules import Rules
from services.anonymiser.verdict import Chunks, Cleaned, Held, Rejected, Verdict
from shared.dicom.identity import PatientCode, Pseudonyms
from shared.dicom.patients import Patients
from shared.outcome import Reason

_STUDY_DATE, _PIXELS = 0x00080020, 0x7FE0


@dataclass(frozen=True, slots=True)
class Means:
    """What all objects of one profile are cleaned with. `pseudonyms` have its prefix; `clock` tells seconds."""

    profile: Profile
    pseudonyms: Pseudonyms
    patients: Patients
    examiner: Examiner | None
    pixels: PixelPolicy
    expect: Expect
    limits: Limits
    clock: Callable[[], float]
    memory: Memory = field(default_factory=Memory)

    @classmethod
    def of(
        cls,
        profile: Profile,
        pseudonyms: Pseudonyms,
        patients: Patients,
        examiner: Examiner | None,
        limits: Limits,
        clock: Callable[[], float],
    ) -> Self:
        prefixed = pseudonyms.prefixed(profile.patient.prefix)
        return cls(profile, prefixed, patients, examiner, policy_of(profile), expected_of(profile), limits, clock)


@dataclass(slots=True)
class Passage:
    """One object of `site`, which is read and may be cleaned. `revision`: of what decides; `released`: for what it has
    been held and a person has let it through."""

    means: Means
    rules: Rules
    site: str
    revision: str
    syntax: Syntax
    original: Item
    released: frozenset[Reason]

    def verdict(self) -> Verdict:
        """Where it ends. Raises BeyondLimits when cleaning takes too long."""
        in_time = Deadline(self.means.limits.pixel_seconds, self.means.clock)
        pixels = clean_pixels(self.original, self.syntax, self.means.pixels, self.means.examiner, deadline=in_time)
        if isinstance(pixels, HeldPixels) and pixels.reason not in self.released:
            return Held(pixels.reason)
        elements, syntax = self.original, self.syntax
        if isinstance(pixels, Blanked):
            elements, syntax = replaced(elements, pixels.elements), pixels.syntax
        deadline, patient = self.deadline(), self.patient()
        cleaner, cleaned = self.cleaned(elements, syntax, patient, deadline)
        if not isinstance(pixels, HeldPixels) and pixels.examined and self.means.pixels.clean:
            cleaner.told.carried.add(Option.CLEAN_PIXEL_DATA)
        if Reason.ENCAPSULATED_DOCUMENT in self.released and (document := find(elements, DOCUMENT)):
            # The person who let it through has read it; the table's dummy would leave nothing to let through.
            cleaned = replaced(cleaned, {DOCUMENT: document})
        cleaned = self.marked(cleaned, cleaner)
        chunks = self.written(cleaned, syntax)
        residues = self._residues(cleaned, syntax, chunks, deadline)
        if self._holds(residues):
            return Held(Reason.RESIDUAL_IDENTITY, tuple(f"{one.place} {one.detector}" for one in residues))
        # First, because an event has room for so many only.
        cleaner.told.findings[:0] = [finding(code) for code in self._told(pixels, residues, patient)]
        return _cleaned(cleaned, syntax, chunks, patient, cleaner)

    def cleaned(self, elements: Item, syntax: Syntax, patient: PatientCode, deadline: Deadline) -> tuple[Cleaner, Item]:
        """`elements` without identity, and who has cleaned them and tells about it."""
        cleaner = self._cleaner(patient, syntax, deadline)
        return cleaner, cleaner.clean(elements, self.rules.place(word(elements, SOP_CLASS)))

    def written(self, cleaned: Item, syntax: Syntax) -> Chunks:
        """The Part 10 file in order."""
        return tuple(parts(cleaned, syntax, word(cleaned, SOP_CLASS), word(cleaned, SOP_INSTANCE)))

    def patient(self) -> PatientCode:
        """Whose it is."""
        names = text.declared(self.original)
        issuer, patient_id = (_identifier(self.original, tag, names) for tag in (ISSUER_OF_PATIENT_ID, PATIENT_ID))
        person = self.means.patients.person(self.site, issuer, patient_id)
        return self.means.pseudonyms.code_of(person, word(self.original, STUDY))

    def deadline(self) -> Deadline:
        """Until when it has to be cleaned, from now."""
        return Deadline(self.means.limits.cleaning_seconds, self.means.clock)

    def _cleaner(self, patient: PatientCode, syntax: Syntax, deadline: Deadline) -> Cleaner:
        return Cleaner(
            Acts(self._subject(patient, deadline), self.means.pseudonyms, vocabulary()),
            safe_private=Option.RETAIN_SAFE_PRIVATE in self.means.profile.options,
            little=syntax.little,
            deadline=deadline,
            memory=self.means.memory,
        )

    def _subject(self, patient: PatientCode, deadline: Deadline) -> Subject:
        dates, cap = self.means.profile.dates, self.means.profile.cap_ages
        shift = self.means.pseudonyms.shift(patient, whole_weeks=dates.whole_weeks)
        known = Known.of(self.original, deadline)
        old = cap is not None and older(words(self.original, PATIENT_AGE), known.births, latest(self.original), cap)
        return Subject(
            code=patient.code,
            clock=Clock(shift, dates.time_of_day, dates.style == "first-of-month"),
            known=known,
            examined=word(self.original, _STUDY_DATE),
            old=old,
            cap=cap,
        )

    def marked(self, cleaned: Item, cleaner: Cleaner) -> Item:
        """Says what was done (PS3.15 Section E.1.1, PS3.3 C.7.1.1 and C.12.1), and names the patient if nothing did."""
        code = cleaner.acts.subject.code.encode("ascii")
        edition = self.rules.table.edition
        told = marks(
            self.rules, frozenset(cleaner.told.carried), edition=edition, revision=self.revision, released=self.released
        )
        private = characteristics(cleaner.kept_private, little=self.syntax.little)
        added = (Element(PATIENT_NAME, "PN", code), Element(PATIENT_ID, "LO", code), *told)
        return replaced(cleaned, {one.tag: one for one in (*added, *([private] if private else []))})

    def _residues(self, cleaned: Item, syntax: Syntax, chunks: Chunks, deadline: Deadline) -> tuple[Residue, ...]:
        """What the gate finds in the finished elements, and in the bytes of the file outside the pixel data."""
        if syntax.deflated:
            raw = encoded(tuple(element for element in cleaned if element.group != _PIXELS), syntax)
        else:
            pixels = [element.value for element in cleaned if element.group == _PIXELS]
            raw = b"".join(chunk for chunk in chunks if not any(chunk is value for value in pixels))
        return Witness.of(self.original).look(cleaned, raw, self.means.expect, deadline)

    def _holds(self, residues: tuple[Residue, ...]) -> bool:
        lifted = self.means.profile.gate != "quarantine" or Reason.RESIDUAL_IDENTITY in self.released
        return decides(residues) and not lifted

    def _told(
        self, pixels: Untouched | Blanked | HeldPixels, residues: tuple[Residue, ...], patient: PatientCode
    ) -> Iterator[Code]:
        """What is worth telling of the object as a whole."""
        if patient.from_study:
            yield Code.PATIENT_FROM_STUDY
        if isinstance(pixels, Blanked):
            yield Code.PIXELS_BLANKED
        if self.released:
            yield Code.RELEASED
        if residues:
            yield Code.RESIDUE
        if self.means.profile.pixels.faces == "mark" and may_show_face(self.original):
            yield Code.POSSIBLE_FACE


def _cleaned(elements: Item, syntax: Syntax, chunks: Chunks, patient: PatientCode, cleaner: Cleaner) -> Verdict:
    try:
        described = bulk(elements, syntax)
    except ValueError:
        return Rejected(Reason.UNDECODABLE)
    own = {tag: word(elements, tag) for tag in (STUDY, SERIES, SOP_INSTANCE, SOP_CLASS)}
    if not all(map(proper, own.values())):
        return Rejected(Reason.MISSING_UID)
    json, inexpressible = header(elements, syntax)
    return Cleaned(
        chunks=chunks,
        digest=_digest(chunks),
        size=sum(len(chunk) for chunk in chunks),
        patient=patient,
        study_uid=own[STUDY],
        series_uid=own[SERIES],
        instance_uid=own[SOP_INSTANCE],
        sop_class_uid=own[SOP_CLASS],
        transfer_syntax_uid=syntax.uid,
        header=json,
        bulk=described,
        findings=(*cleaner.told.findings, *inexpressible),
        elements=elements,
        words=cleaner.told.words,
    )


def _digest(chunks: Chunks) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        for piece in pieces(chunk):
            digest.update(piece)
    return digest.hexdigest()


def _identifier(elements: Item, tag: int, names: text.Encodings) -> str:
    """Undecodable bytes still tell patients apart, so they count as Latin-1."""
    element = find(elements, tag)
    if element is None:
        return ""
    decoded = text.decoded(element.content, names)
    return element.content.decode("latin-1") if decoded is None else decoded
