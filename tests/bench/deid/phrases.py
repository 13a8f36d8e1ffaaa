"""Fills the phrases: what the text is, what of it has to go, and what has to stay."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from tests.bench.deid.normal import PARTICLES, compact, plain, words
from tests.bench.deid.people import OLDEST_SHOWN, Patient, Person, Place, Visit, latin, person
from tests.bench.deid.wording import Phrase, Wording

TRIES = 60


@dataclass(frozen=True, slots=True)
class Gone:
    """What has to go. `how`: 'words' each of them, 'whole' in one piece whatever the separators, or a date's format
    (`value` is then the ISO date)."""

    value: str
    how: str = "whole"


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its truth."""

    text: str
    gone: tuple[Gone, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Whose object it is, of which visit and kind; all of it is worded with `wording`."""

    patient: Patient
    visit: Visit
    modality: str
    wording: Wording

    @property
    def names(self) -> set[str]:
        """The words of all names that the object tells."""
        people = (self.patient.name, self.patient.mother, *self.visit.people)
        told = [one.words for one in people] + [self.patient.maiden, self.patient.town, self.visit.hospital_town]
        told += [*self.visit.hospital.identifying, *self.patient.occupation.identifying]
        return {word for text in told for word in words(text)}


Slot = tuple[str, tuple[Gone, ...]]


def _of(text: str, value: str | None = None, how: str = "whole") -> Slot:
    return text, (Gone(text if value is None else value, how),)


def _person(one: Person, text: str) -> Slot:
    return text, (Gone(one.words, "words"),)


def _form(one: Person, random: Random) -> Slot:
    """A name as people write it."""
    forms = (
        f"{one.given} {one.family}",
        f"{one.family}, {one.given}",
        f"{one.family.upper()}, {one.given.upper()}",
        f"{one.given[0]}. {one.family}",
        f"{one.family} {one.given}",
        f"{one.given.lower()} {one.family.lower()}",
        f"{one.family.upper()}^{one.given.upper()}",
        f"{one.given} {one.family.upper()}",
    )
    return _person(one, random.choice(forms))


def _place(place: Place) -> Slot:
    return place.text, tuple(Gone(part, "words") for part in place.identifying)


def _day(day: date, case: Case, random: Random) -> Slot:
    chosen = random.choice(case.wording.entries("dates"))
    return day.strftime(chosen), (Gone(day.isoformat(), chosen),)


def _stranger(case: Case, random: Random) -> Person:
    """Somebody whom no other element of the object names."""
    while True:
        other = person(random, case.wording)
        if not case.names & set(words(other.words)):
            return other


def _relative(case: Case, random: Random) -> Person:
    """Somebody else, half of them of the patient's name."""
    if random.random() < 0.5:
        return Person(person(random, case.wording).given, case.patient.name.family)
    return _stranger(case, random)


def _earlier(case: Case, random: Random) -> Slot:
    return _day(case.visit.day - timedelta(days=random.randint(0, 900)), case, random)


def _slug(case: Case, _: Random) -> Slot:
    return _of(re.sub(r"[^a-z]", "", case.visit.hospital.identifying[0].lower()) or "clinic")


def _age(case: Case, _: Random) -> Slot:
    age = case.patient.age(case.visit.day)
    return _of(str(age)) if age > OLDEST_SHOWN + 1 else (str(age), ())


def _title(case: Case, _: Random) -> Slot:
    return {"F": "Mrs", "M": "Mr"}.get(case.patient.name.sex, "Ms"), ()


def _title_de(case: Case, _: Random) -> Slot:
    return {"F": "Frau", "M": "Herr"}.get(case.patient.name.sex, "Frau"), ()


SLOTS: dict[str, Callable[[Case, Random], Slot]] = {
    "patient": lambda case, random: _form(case.patient.name, random),
    "patient.upper": lambda case, _: _person(case.patient.name, case.patient.name.words.upper()),
    "patient.pn": lambda case, _: _person(case.patient.name, case.patient.name.pn),
    "family": lambda case, _: _of(case.patient.name.family, how="words"),
    "family.upper": lambda case, _: _of(case.patient.name.family.upper(), how="words"),
    "family.lower": lambda case, _: _of(case.patient.name.family.lower(), how="words"),
    "given": lambda case, _: _of(case.patient.name.given, how="words"),
    "given.lower": lambda case, _: _of(case.patient.name.given.lower(), how="words"),
    "initial": lambda case, _: (case.patient.name.given[0], ()),
    "maiden": lambda case, _: _of(case.patient.maiden, how="words"),
    "mother.pn": lambda case, _: _person(case.patient.mother, case.patient.mother.pn),
    "title": _title,
    "title_de": _title_de,
    "age": _age,
    "mrn": lambda case, _: _of(case.patient.mrn),
    "other_mrn": lambda case, _: _of(case.patient.other_mrn),
    "issuer": lambda case, _: _of(case.patient.issuer),
    "dob": lambda case, random: _day(case.patient.birth, case, random),
    "phone": lambda case, _: _of(case.patient.phone),
    "email": lambda case, _: _of(case.patient.email),
    "login": lambda case, _: _of(case.patient.login),
    "street": lambda case, _: _of(case.patient.street),
    "number": lambda case, _: (case.patient.number, ()),
    "postcode": lambda case, _: _of(case.patient.postcode),
    "town": lambda case, _: _of(case.patient.town, how="words"),
    "ssn": lambda case, _: _of(case.patient.ssn),
    "insurance": lambda case, _: _of(case.patient.insurance),
    "occupation": lambda case, _: _place(case.patient.occupation),
    "accession": lambda case, _: _of(case.visit.accession),
    "order": lambda case, _: _of(case.visit.order),
    "admission": lambda case, _: _of(case.visit.admission),
    "study_id": lambda case, _: _of(case.visit.study_id),
    "ward": lambda case, _: (case.visit.ward, ()),
    "hospital": lambda case, _: _place(case.visit.hospital),
    "hospital.town": lambda case, _: _of(case.visit.hospital_town, how="words"),
    "hospital.street": lambda case, _: _of(case.visit.hospital_street),
    "slug": _slug,
    "physician": lambda case, random: _form(case.visit.referring, random),
    "physician.upper": lambda case, _: _person(case.visit.reading, case.visit.reading.words.upper()),
    "physician.family": lambda case, _: _of(case.visit.referring.family, how="words"),
    "operator": lambda case, random: _form(case.visit.operator, random),
    "referring.pn": lambda case, _: _person(case.visit.referring, case.visit.referring.pn),
    "performing.pn": lambda case, _: _person(case.visit.performing, case.visit.performing.pn),
    "reading.pn": lambda case, _: _person(case.visit.reading, case.visit.reading.pn),
    "operator.pn": lambda case, _: _person(case.visit.operator, case.visit.operator.pn),
    "operator.family": lambda case, _: _of(case.visit.operator.family, how="words"),
    "stranger": lambda case, random: _form(_stranger(case, random), random),
    "stranger.family": lambda case, random: _of(_stranger(case, random).family, how="words"),
    "stranger.given": lambda case, random: _of(_stranger(case, random).given, how="words"),
    "relative": lambda case, random: _form(_relative(case, random), random),
    "relative.given": lambda case, random: _of(_relative(case, random).given, how="words"),
    "date": _earlier,
}


def around(template: str) -> str:
    """What a template says by itself, its slots apart."""
    return re.sub(r"\{[a-z_.]+\}", " ", template)


def fill(template: str, case: Case, random: Random) -> Filled:
    """The template's text for this case."""
    gone: list[Gone] = []

    def put(found: re.Match[str]) -> str:
        text, removed = SLOTS[found[1]](case, random)
        gone.extend(removed)
        return text

    kept = tuple(re.findall(r"\[([^\]]+)\]", template))
    return Filled(re.sub(r"\{([a-z_.]+)\}", put, template.replace("[", "").replace("]", "")), tuple(gone), kept)


def pick(kind: str, case: Case, random: Random, limit: int = 10_000) -> Filled:
    """A phrase of this kind, for the case's modality and language, of at most `limit` characters.

    Nothing that has to stay says a name that has to go: what is right would then be a matter of opinion.
    """
    fitting = [one for one in case.wording.phrases[kind] if _fits(one, case)]
    for _ in range(TRIES):
        template = random.choice(fitting)["text"]
        filled = fill(template, case, random)
        if len(filled.text) <= limit and _writable(filled.text, case) and not _ambiguous(template, filled, case):
            return filled
    raise ValueError(f"no phrase of kind {kind} for {case.modality} in {limit} characters")


def _fits(phrase: Phrase, case: Case) -> bool:
    modalities = phrase.get("for", case.modality)
    modalities = [modalities] if isinstance(modalities, str) else modalities
    return case.modality in modalities and phrase.get("in", "") in ("", case.patient.language)


def _writable(text: str, case: Case) -> bool:
    return latin(text) or case.patient.character_set == "ISO_IR 192"


def _ambiguous(template: str, filled: Filled, case: Case) -> bool:
    """Whether the phrase itself says a name of the object, or what goes, be it within a word."""
    if case.names & set(words(" ".join(filled.kept))):
        return True
    says = plain(around(template))
    names = {word for gone in filled.gone if gone.how == "words" for word in words(gone.value)}
    within = any(word in says if len(word) > 3 else word in words(says) for word in names - PARTICLES)
    return within or any(compact(gone.value) in compact(says) for gone in filled.gone if gone.how == "whole")
