"""Whether something is of those who are wanted: by pseudonym in events, by the patient's ID in originals (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.erasing.asking import Wanted
from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing
from shared.dicom.patients import Patients, Person
from shared.events import InstanceAnonymised, InstanceReceived


@dataclass(frozen=True, slots=True)
class Study:
    """A study by our names of it: `uids` on the clean side, one for each key; `key` on the identified one."""

    site: str
    uids: frozenset[str]
    key: str


class Whose:
    """Knows the wanted ones under every key of the ring, and as declared merges see them, before and after."""

    def __init__(self, wanted: Iterable[Wanted], ring: KeyRing, patients: Patients, sites: Iterable[str]) -> None:
        """`sites`: all of the node. Raises UnknownSite."""
        rows, made = list(wanted), [Pseudonyms(key.secret, node=ring.node) for key in ring.keys]
        self._patients = patients
        self._persons = {person for row in rows if row.patient_id for person in _persons(row, patients)}
        self._codes = {_bare(one.code_of(person, "").code) for one in made for person in self._persons}
        self._studies = [_study(row, made) for row in rows if row.study_instance_uid]
        self.arrivals = frozenset(row.arrival for row in rows if row.arrival)
        domains = {person.domain for person in self._persons}
        self.sites = frozenset(site for site in sites if patients.rules(site).domain in domains)
        """Where a wanted patient may have been sent from."""

    def has_copy(self, event: InstanceAnonymised) -> bool:
        """Whether this clean copy is of one of them."""
        return (
            event.arrival in self.arrivals
            or _bare(event.patient_id) in self._codes
            or any(event.study_instance_uid in study.uids and study.site in ("", event.site) for study in self._studies)
        )

    def has_arrival(self, event: InstanceReceived) -> bool:
        """Whether this arrival is, as far as its event tells; it does not tell the patient."""
        return event.arrival in self.arrivals or any(
            event.study_key == study.key and study.site in ("", event.site) for study in self._studies
        )

    def has_patient(self, site: str, issuer: str, patient_id: str) -> bool:
        """Whether what `site` sent under this ID is."""
        of = (site, issuer, patient_id)
        return not self._persons.isdisjoint({self._patients.person(*of), self._patients.sent(*of)})


def _persons(row: Wanted, patients: Patients) -> set[Person]:
    """Who he is, and whoever was merged with him: their codes are of the time before the merge was declared."""
    of = (row.site, row.issuer, row.patient_id)
    found = {patients.person(*of), patients.sent(*of)}
    return found | {old for old, new in patients.merges(row.site) if new in found}


def _study(row: Wanted, made: Iterable[Pseudonyms]) -> Study:
    pseudonyms = list(made)
    uids = frozenset(one.uid(row.study_instance_uid) for one in pseudonyms)
    return Study(row.site, uids, pseudonyms[-1].partition_key(row.study_instance_uid))


def _bare(code: str) -> str:
    """Without the prefix, which is the profile's."""
    return code.rpartition("-")[2]
