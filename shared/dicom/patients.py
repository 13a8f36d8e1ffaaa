"""Who counts as whom: domains, issuers and merges that an operator has declared. Nothing is guessed here."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.misconfigured import Misconfigured


@dataclass(frozen=True, slots=True, order=True)
class Person:
    """What a patient is known by: the ID that an issuer gave within a domain. The ID is blank when none was sent."""

    domain: str
    issuer: str
    patient_id: str


@dataclass(frozen=True, slots=True)
class Rules:
    """A site's own: the domain in which its IDs are unique, and who issued those without an issuer."""

    domain: str
    default_issuer: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """Declares that `old` is no longer used, and means `new`; `place` says where that stands, for messages."""

    old: Person
    new: Person
    place: str


class Patients:
    """The rules of a node's sites and the declared merges.

    Raises Misconfigured when merges contradict each other or run in a circle.
    """

    __slots__ = ("_merged", "_rules")

    def __init__(self, rules: Mapping[str, Rules], merges: Iterable[Merge] = ()) -> None:
        self._rules = dict(rules)
        self._merged = _resolved(tuple(merges))

    @classmethod
    def of(cls, site: str) -> "Patients":
        """One site without any rules."""
        return cls({site: Rules(site)})

    def person(self, site: str, issuer: str, patient_id: str) -> Person:
        """Whom `patient_id` of `issuer` at `site` means. Raises UnknownSite."""
        found = self.sent(site, issuer, patient_id)
        return self._merged.get(found, found)

    def rules(self, site: str) -> Rules:
        """How the patients of `site` are told apart. Raises UnknownSite."""
        found = self._rules.get(site)
        if found is None:
            raise UnknownSite(site)
        return found

    def merges(self, site: str) -> tuple[tuple[Person, Person], ...]:
        """Of whom `site` may mean: who is merged, and who that is in the end; in one order. Raises UnknownSite."""
        domain = self.rules(site).domain
        return tuple(sorted((old, new) for old, new in self._merged.items() if old.domain == domain))

    def sent(self, site: str, issuer: str, patient_id: str) -> Person:
        """The same before merges."""
        rules = self.rules(site)
        issuer = normalised(issuer) or normalised(rules.default_issuer)
        return Person(rules.domain, issuer, normalised(patient_id))


class UnknownSite(Misconfigured):
    """The sites file does not name the site: under which rules its patients are coded cannot be known."""

    def __init__(self, site: str) -> None:
        super().__init__(f"the sites file does not name site {site}")


def trimmed(value: str) -> str:
    """Without what pads values (PS3.5 Sections 6.2 and 9.1)."""
    return value.strip(" \0\t\r\n")


def normalised(value: str) -> str:
    """Unicode composed, no padding; case is kept, because LO is case sensitive (PS3.5 Table 6.2-1)."""
    return trimmed(unicodedata.normalize("NFC", value))


def _resolved(merges: tuple[Merge, ...]) -> dict[Person, Person]:
    """By person: who that is in the end."""
    steps: dict[Person, Merge] = {}
    for merge in merges:
        if not merge.old.patient_id or not merge.new.patient_id:
            raise Misconfigured(f"{merge.place}: a blank ID is nobody's")
        earlier = steps.setdefault(merge.old, merge)
        if earlier.new != merge.new:
            raise Misconfigured(f"{earlier.place} and {merge.place} give one patient two successors")
    return {old: _end(old, steps) for old in steps}


def _end(person: Person, steps: Mapping[Person, Merge]) -> Person:
    seen: list[str] = []
    while person in steps:
        step = steps[person]
        if step.place in seen:
            raise Misconfigured(f"merges run in a circle: {', '.join(sorted(seen))}")
        seen.append(step.place)
        person = step.new
    return person
