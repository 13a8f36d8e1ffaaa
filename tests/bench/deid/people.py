"""Made-up patients and their visits: several hundred names and places, the same for the same seed."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from unicodedata import normalize

from tests.bench.deid.wording import Wording

OLDEST_SHOWN = 89
"""Ages above identify (45 CFR 164.514(b)(2)(i)(C))."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a name."""

    given: str
    family: str
    sex: str = "O"

    @property
    def pn(self) -> str:
        return f"{self.family}^{self.given}"

    @property
    def words(self) -> str:
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class Place:
    """A name of which a part identifies."""

    text: str
    identifying: tuple[str, ...]

    @classmethod
    def of(cls, marked: str, town: str) -> "Place":
        """Of a text with asterisks around what identifies, and {town}."""
        filled = marked.replace("{town}", town)
        return cls(filled.replace("*", ""), tuple(re.findall(r"\*([^*]+)\*", filled)))


@dataclass(frozen=True, slots=True)
class Patient:
    """All that is known of one patient, whatever the study."""

    name: Person
    maiden: str
    mother: Person
    mrn: str
    other_mrn: str
    issuer: str
    told_issuer: bool
    birth: date
    phone: str
    email: str
    login: str
    street: str
    number: str
    postcode: str
    town: str
    ssn: str
    insurance: str
    occupation: Place
    language: str
    character_set: str

    def age(self, on: date) -> int:
        return on.year - self.birth.year - ((on.month, on.day) < (self.birth.month, self.birth.day))


@dataclass(frozen=True, slots=True)
class Visit:
    """What belongs to one study: when, where, by whom, under which numbers."""

    day: date
    seconds: int
    accession: str
    order: str
    admission: str
    study_id: str
    ward: str
    hospital: Place
    hospital_town: str
    hospital_street: str
    referring: Person
    performing: Person
    reading: Person
    operator: Person

    @property
    def people(self) -> tuple[Person, ...]:
        return (self.referring, self.performing, self.reading, self.operator)


def latin(text: str) -> bool:
    """Whether ISO 8859-1 has all its letters."""
    return all(ord(letter) < 256 for letter in text)


def person(random: Random, wording: Wording, *, any_script: bool = False, sex: str | None = None) -> Person:
    """Somebody new; without `any_script` with a name that ISO 8859-1 can write."""
    while True:
        given, borne = random.choice(wording.entries("given")).rsplit(":", 1)
        made = Person(given, random.choice(wording.entries("family")), borne.upper())
        if (sex is None or made.sex == sex) and (any_script or latin(made.words)):
            return made


def digits(random: Random, count: int) -> str:
    return str(random.randint(1, 9)) + "".join(str(random.randint(0, 9)) for _ in range(count - 1))


def patient(random: Random, wording: Wording) -> Patient:
    """Somebody new with everything about him."""
    name = person(random, wording, any_script=random.random() < 0.2)
    plain = (
        re.sub(r"[^a-z]", "", normalize("NFKD", name.family).encode("ascii", "ignore").decode().lower()) or "patient"
    )
    town = random.choice(wording.entries("towns"))
    language = random.choices(("", "de", "fr", "es", "it", "nl", "pl", "pt", "sv"), (70, 8, 6, 5, 5, 2, 2, 1, 1))[0]
    return Patient(
        name=name,
        maiden=random.choice([family for family in wording.entries("family") if latin(family)]),
        mother=person(random, wording, sex="F"),
        mrn=_record_number(random),
        other_mrn=f"{random.choice('XQZ')}{digits(random, 8)}",
        issuer=f"{plain.upper()[:3]}{digits(random, 3)}-HIS",
        told_issuer=random.random() < 0.5,
        birth=date(1928, 1, 1) + timedelta(days=random.randint(0, 28_000)),
        phone=_phone(random),
        email=f"{plain}.{digits(random, 3)}@{random.choice(('postbox', 'webpost', 'mailhaven'))}.example",
        login=f"{plain[:6]}{digits(random, 2)}",
        street=random.choice(wording.entries("streets")),
        number=str(random.randint(1, 240)),
        postcode=digits(random, 5),
        town=town,
        ssn=_national_number(random),
        insurance=f"{random.choice('ABKVW')}{digits(random, 9)}",
        occupation=Place.of(random.choice(wording.entries("occupations")), town),
        language=language,
        character_set="ISO_IR 100" if latin(name.words) and language != "pl" else "ISO_IR 192",
    )


def visit(random: Random, patient: Patient, wording: Wording) -> Visit:
    """One more study of the patient."""
    town = random.choice(wording.entries("towns"))
    first = max(date(2004, 1, 1), patient.birth + timedelta(days=400))
    return Visit(
        day=first + timedelta(days=random.randint(0, (date(2024, 6, 30) - first).days)),
        seconds=random.randint(6 * 3600, 22 * 3600),
        accession=_accession(random),
        order=f"ORD{digits(random, 7)}",
        admission=f"{random.choice('EFV')}{digits(random, 8)}",
        study_id=digits(random, 6),
        ward=f"{random.randint(1, 9)}{random.choice('ABC')}",
        hospital=Place.of(random.choice(wording.entries("institutions")), town),
        hospital_town=town,
        hospital_street=random.choice(wording.entries("streets")),
        referring=person(random, wording),
        performing=person(random, wording),
        reading=person(random, wording),
        operator=person(random, wording),
    )


def _record_number(random: Random) -> str:
    forms = (
        digits(random, 7),
        digits(random, 10),
        f"MR{digits(random, 6)}",
        f"{digits(random, 3)}-{digits(random, 5)}",
        f"H{digits(random, 6)}{random.choice('KXY')}",
    )
    return random.choice(forms)


def _accession(random: Random) -> str:
    year = random.randint(10, 24)
    return random.choice((digits(random, 8), f"A{digits(random, 7)}", f"{year}-{digits(random, 6)}"))


def _phone(random: Random) -> str:
    pattern = random.choice(("({}) 555-{}", "+49 {} 555{}", "0{} 555 {}", "+33 {} 55 5{}", "{}-555-{}"))
    return pattern.format(digits(random, 3), digits(random, 4))


def _national_number(random: Random) -> str:
    pattern = random.choice(((3, 2, 4), (2, 6, 3), (11,), (6, 4)))
    return "-".join(digits(random, count) for count in pattern)
