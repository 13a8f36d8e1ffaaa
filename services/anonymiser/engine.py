"""De-identifies one composite instance: bytes in, verdict out (PS3.15 Annex E)."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.anonymiser.changes import Change, between
from services.anonymiser.cleaning.cleaner import Cleaner
from services.anonymiser.cleaning.clock import Clock
from services.anonymiser.cleaning.private import characteristics
from services.anonymiser.cleaning.subject import Subject
from services.anonymiser.cleaning.values import older
from services.anonymiser.dataset import text
from services.anonymiser.dataset.header import bulk, header
from services.anonymiser.dataset.limits import BeyondLimits, Unreadable
from services.anonymiser.dataset.mapped import pieces
from services.anonymiser.dataset.reading import read
from services.anonymiser.dataset.tree import Element, Item, Syntax, find, word
from services.anonymiser.dataset.writing import encoded, parts
from services.anonymiser.descriptors.known import Known
from services.anonymiser.descriptors.vocabulary import shipped as vocabulary
from services.anonymiser.findings import Code, finding
from services.anonymiser.gate.residue import Expect, Residue, decides
from services.anonymiser.gate.witness import Witness
from services.anonymiser.kinds import Kind, kind_of
from services.anonymiser.pixels.cleaning import Blanked, HeldPixels, Untouched, clean_pixels
from services.anonymiser.pixels.faces import may_show_face
from services.anonymiser.pixels.workers import Examiner
from services.anonymiser.profile.claims import marks
from services.anonymiser.profile.model import Act, Profile
from services.anonymiser.profile.options import Option
from services.anonymiser.profile.pixel_policy import policy_of
from services.anonymiser.profile.revision import revision
from services.anonymiser.profile.rules import (
    PATIENT_AGE,
    PATIENT_BIRTH_DATE,
    PATIENT_ID,
    PATIENT_NAME,
    Rules,
)
from services.anonymiser.profile.selection import Selection
from services.anonymiser.standard.table import table
from shared.dicom.identity import PatientCode, Pseudonyms
from shared.dicom.patients import Patients, normalised
from shared.events import BulkElement, Finding
from shared.outcome import Reason

SOP_CLASS, SOP_INSTANCE, STUDY, SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
ISSUER_OF_PATIENT_ID, STUDY_DATE = 0x00100021, 0x00080020
_LONGEST_UID = 64
_PIXELS, _DOCUMENT = 0x7FE0, 0x00420011
Chunks = tuple[bytes | memoryview, ...]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The object without identity. `chunks` are the Part 10 file in order, large ones views of the input; `header`
    is in the DICOM JSON Model, `bulk` names what it leaves out at the top level; `patient.from_study` tells that no
    patient ID was sent; `words` counts words of descriptions by tag and 'kept' or 'dropped'."""

    chunks: Chunks
    digest: str
    size: int
    patient: PatientCode
    study_uid: str
    series_uid: str
    instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    header: dict[str, Any]
    bulk: tuple[BulkElement, ...]
    findings: tuple[Finding, ...]
    elements: Item
    words: Mapping[tuple[int, str], int] = field(default_factory=dict)

    @property
    def part10(self) -> bytes:
        """The file as one piece, which copies it."""
        return b"".join(self.chunks)


@dataclass(frozen=True, slots=True)
class Held:
    """Not let through: a person decides. `places` say where, in the identified zone only; never a value."""

    reason: Reason
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """There is no object to clean, or none that the profile wants."""

    reason: Reason


Verdict = Cleaned | Held | Rejected


class Engine:
    """One profile for one project's objects, ready. The same bytes give the same result, on every worker and day.

    `examiner` runs what codecs do, and looks at pixels; without it objects that need it are held.
    """

    def __init__(
        self, profile: Profile, pseudonyms: Pseudonyms, patients: Patients, examiner: Examiner | None = None
    ) -> None:
        self.profile = profile
        self.pseudonyms = pseudonyms.prefixed(profile.patient.prefix)
        self.patients = patients
        self.examiner = examiner
        self.pixels = policy_of(profile)
        self._selection = Selection(profile, table())
        self._revisions: dict[str, str] = {}
        self.safe_private = Option.RETAIN_SAFE_PRIVATE in profile.options
        self.expect = Expect(
            dates=Option.RETAIN_FULL_DATES in profile.options,
            moved=Option.RETAIN_MODIFIED_DATES in profile.options,
            months=profile.dates.style == "first-of-month" or _cuts_to_months(profile),
            uids=Option.RETAIN_UIDS in profile.options,
            device=Option.RETAIN_DEVICE_IDENTITY in profile.options,
            institution=Option.RETAIN_INSTITUTION_IDENTITY in profile.options,
            characteristics=Option.RETAIN_PATIENT_CHARACTERISTICS in profile.options,
        )

    def revision(self, site: str) -> str:
        """Names everything that decides about objects of `site`."""
        if site not in self._revisions:
            rules = self.patients.rules(site)
            told = self.pseudonyms.rules_digest(rules.domain, normalised(rules.default_issuer))
            self._revisions[site] = revision(self.profile, self.pseudonyms.key_id, told)
        return self._revisions[site]

    def anonymise(
        self,
        data: bytes | memoryview,
        site: str,
        transfer_syntax: str | None = None,
        released: frozenset[Reason] = frozenset(),
    ) -> Verdict:
        """The verdict on `data`: a Part 10 file, or a bare data set in `transfer_syntax`.

        `released`: for what it has been held and a person has let it through.
        """
        try:
            syntax, elements = read(data, transfer_syntax)
        except Unreadable as unreadable:
            return Rejected(unreadable.reason)
        except BeyondLimits:
            return Held(Reason.UNCLEANABLE)
        uids = [word(elements, tag) for tag in (SOP_CLASS, SOP_INSTANCE, STUDY, SERIES)]
        if not all(uids):
            return Rejected(Reason.MISSING_UID)
        if any(len(uid) > _LONGEST_UID for uid in uids):
            return Rejected(Reason.UNDECODABLE)
        rules, hold = self._selection.of(elements)
        for refused in self._refusals(elements, syntax, hold=hold):
            if refused.reason not in released:
                return refused
        return _Work(self, rules, site, syntax, elements, released).verdict()

    def changes(self, data: bytes | memoryview, cleaned: Cleaned, transfer_syntax: str | None = None) -> list[Change]:
        """What became of each attribute of `data`, with values: for whoever owns them."""
        _, original = read(data, transfer_syntax)
        rules, _ = self._selection.of(original)
        return list(between(original, cleaned.elements, rules.place(word(original, SOP_CLASS))))

    def _refusals(self, elements: Item, syntax: Syntax, *, hold: bool) -> Iterator[Held | Rejected]:
        """All reasons why the object must not be touched at all; none when it can be cleaned."""
        kind = kind_of(elements, syntax.uid)
        if kind is Kind.DOCUMENT:
            dropped = self.profile.documents == "drop"
            yield Rejected(Reason.DROPPED_BY_PROFILE) if dropped else Held(Reason.ENCAPSULATED_DOCUMENT)
        if kind is Kind.UNKNOWN:
            yield Held(Reason.UNCLEANABLE)
        if self.profile.pixels.faces == "quarantine" and may_show_face(elements):
            yield Held(Reason.POSSIBLE_FACE)
        if hold:
            yield Held(Reason.HELD_BY_PROFILE)


@dataclass(slots=True)
class _Work:
    """One object on its way through the engine."""

    engine: Engine
    rules: Rules
    site: str
    syntax: Syntax
    original: Item
    released: frozenset[Reason]

    def verdict(self) -> Verdict:
        profile = self.engine.profile
        pixels = clean_pixels(self.original, self.syntax, self.engine.pixels, self.engine.examiner)
        if isinstance(pixels, HeldPixels) and pixels.reason not in self.released:
            return Held(pixels.reason)
        elements, syntax = self.original, self.syntax
        if isinstance(pixels, Blanked):
            elements, syntax = _merged(elements, pixels.elements), pixels.syntax
        patient = self._patient()
        cleaner = Cleaner(
            self._subject(patient), self.engine.pseudonyms, vocabulary(), self.engine.safe_private, syntax.little
        )
        cleaned = cleaner.clean(elements, self.rules.place(word(elements, SOP_CLASS)))
        if not isinstance(pixels, HeldPixels) and pixels.examined and Option.CLEAN_PIXEL_DATA in profile.options:
            cleaner.carried.add(Option.CLEAN_PIXEL_DATA)
        if Reason.ENCAPSULATED_DOCUMENT in self.released and (document := find(elements, _DOCUMENT)):
            # The person who let it through has read it; the table's dummy would leave nothing to let through.
            cleaned = _merged(cleaned, {_DOCUMENT: document})
        cleaned = self._marked(cleaned, cleaner)
        sop_class, instance = word(cleaned, SOP_CLASS), word(cleaned, SOP_INSTANCE)
        chunks = tuple(parts(cleaned, syntax, sop_class, instance))
        residues = self._residues(cleaned, syntax, chunks)
        if decides(residues) and profile.gate == "quarantine" and Reason.RESIDUAL_IDENTITY not in self.released:
            return Held(Reason.RESIDUAL_IDENTITY, tuple(f"{one.place} {one.detector}" for one in residues))
        cleaner.findings.extend(finding(code) for code in self._told(pixels, residues))
        return _cleaned(cleaned, syntax, chunks, patient, cleaner)

    def _patient(self) -> PatientCode:
        names = text.declared(self.original)
        issuer, patient_id = (_identifier(self.original, tag, names) for tag in (ISSUER_OF_PATIENT_ID, PATIENT_ID))
        person = self.engine.patients.person(self.site, issuer, patient_id)
        return self.engine.pseudonyms.code_of(person, word(self.original, STUDY))

    def _subject(self, patient: PatientCode) -> Subject:
        dates, cap = self.engine.profile.dates, self.engine.profile.cap_ages
        shift = self.engine.pseudonyms.shift(patient, whole_weeks=dates.whole_weeks)
        age, birth, study = (word(self.original, tag) for tag in (PATIENT_AGE, PATIENT_BIRTH_DATE, STUDY_DATE))
        return Subject(
            code=patient.code,
            clock=Clock(shift, dates.time_of_day, dates.style == "first-of-month"),
            known=Known.of(self.original),
            examined=study,
            old=cap is not None and older(age, birth, study, cap),
            cap=cap,
        )

    def _marked(self, cleaned: Item, cleaner: Cleaner) -> Item:
        """Says what was done (PS3.15 Section E.1.1, PS3.3 C.7.1.1 and C.12.1), and names the patient if nothing did."""
        code = cleaner.subject.code.encode("ascii")
        revision = self.engine.revision(self.site)
        told = marks(self.rules, cleaner.carried, edition=table().edition, revision=revision, released=self.released)
        private = characteristics(cleaner.kept_private, little=self.syntax.little)
        added = (Element(PATIENT_NAME, "PN", code), Element(PATIENT_ID, "LO", code), *told)
        return _merged(cleaned, {one.tag: one for one in (*added, *([private] if private else []))})

    def _residues(self, cleaned: Item, syntax: Syntax, chunks: Chunks) -> tuple[Residue, ...]:
        """What the gate finds in the finished elements, and in the bytes of the file outside the pixel data."""
        if syntax.deflated:
            raw = encoded(tuple(element for element in cleaned if element.group != _PIXELS), syntax)
        else:
            pixels = [element.value for element in cleaned if element.group == _PIXELS]
            raw = b"".join(chunk for chunk in chunks if not any(chunk is value for value in pixels))
        return Witness.of(self.original).look(cleaned, raw, self.engine.expect)

    def _told(self, pixels: Untouched | Blanked | HeldPixels, residues: tuple[Residue, ...]) -> Iterator[Code]:
        """What is worth telling of the object as a whole."""
        if isinstance(pixels, Blanked):
            yield Code.PIXELS_BLANKED
        if self.released:
            yield Code.RELEASED
        if residues:
            yield Code.RESIDUE
        if self.engine.profile.pixels.faces == "mark" and may_show_face(self.original):
            yield Code.POSSIBLE_FACE


def _cleaned(elements: Item, syntax: Syntax, chunks: Chunks, patient: PatientCode, cleaner: Cleaner) -> Verdict:
    try:
        described = bulk(elements, syntax)
    except ValueError:
        return Rejected(Reason.UNDECODABLE)
    json, inexpressible = header(elements, syntax)
    return Cleaned(
        chunks=chunks,
        digest=_digest(chunks),
        size=sum(len(chunk) for chunk in chunks),
        patient=patient,
        study_uid=word(elements, STUDY),
        series_uid=word(elements, SERIES),
        instance_uid=word(elements, SOP_INSTANCE),
        sop_class_uid=word(elements, SOP_CLASS),
        transfer_syntax_uid=syntax.uid,
        header=json,
        bulk=described,
        findings=(*cleaner.findings, *inexpressible),
        elements=elements,
        words=cleaner.words,
    )


def _cuts_to_months(profile: Profile) -> bool:
    rules = (*profile.attributes, *(one for rule in profile.rules for one in rule.attributes))
    return any(rule.action is Act.FIRST_OF_MONTH for rule in rules)


def _digest(chunks: Chunks) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        for piece in pieces(chunk):
            digest.update(piece)
    return digest.hexdigest()


def _merged(elements: Item, replaced: Mapping[int, Element | None]) -> Item:
    """`elements` with some replaced or added; None removes."""
    merged: dict[int, Element | None] = {element.tag: element for element in elements}
    merged.update(replaced)
    return tuple(element for _, element in sorted(merged.items()) if element is not None)


def _identifier(elements: Item, tag: int, names: text.Encodings) -> str:
    """Undecodable bytes still tell patients apart, so they count as Latin-1."""
    element = find(elements, tag)
    if element is None:
        return ""
    decoded = text.decoded(element.content, names)
    return element.content.decode("latin-1") if decoded is None else decoded
