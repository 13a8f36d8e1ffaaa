"""Whose pseudonym is it? Answered by computing the pseudonyms of candidates again, under every key of the ring."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields

from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing
from shared.dicom.patients import Patients
from shared.misconfigured import Misconfigured

_UID = re.compile(r"2\.25\.\d{1,39}")
_CODE = re.compile(r"[A-Z0-9]{1,8}-([A-Z2-7]{21})")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient (`site`, `patient_id`, perhaps `issuer`), or an original UID; with a site and a study's UID also the
    patient who had no ID."""

    site: str = ""
    issuer: str = ""
    patient_id: str = ""
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """`candidate` has had `pseudonym`, under the key of that id."""

    pseudonym: str
    key: str
    candidate: Candidate


COLUMNS = tuple(field.name for field in fields(Candidate))


def read_candidates(text: str) -> tuple[Candidate, ...]:
    """Candidates from CSV with a head line of COLUMNS, in any order. Raises Misconfigured, which quotes nothing."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restkey="", strict=True)
    if not {"patient_id", "uid"} & set(rows.fieldnames or ()) or not set(rows.fieldnames or ()) <= set(COLUMNS):
        raise Misconfigured(f"candidates are CSV whose head line names some of {', '.join(COLUMNS)}")
    try:
        return tuple(_candidate(row, number) for number, row in enumerate(rows, start=2))
    except csv.Error:
        raise Misconfigured(f"line {rows.line_num} of the candidates is no CSV") from None


def read_pseudonyms(lines: Iterable[str]) -> dict[str, str]:
    """By what is compared: the pseudonym as given. Raises Misconfigured, which tells the number only."""
    names = {}
    for number, line in enumerate(lines, start=1):
        if word := line.strip():
            code = _CODE.fullmatch(word)
            if not (code or _UID.fullmatch(word)):
                raise Misconfigured(f"pseudonym {number} is neither a patient code nor a UID of ours")
            names[code[1] if code else word] = word
    return names


def match(
    wanted: dict[str, str], candidates: Sequence[Candidate], ring: KeyRing, patients: Patients
) -> Iterator[Match]:
    """All matches, key by key. `wanted`: as `read_pseudonyms` gives it. Raises UnknownSite."""
    for key in ring.keys:
        pseudonyms = Pseudonyms(key.secret)
        for candidate in candidates:
            for name in _names(candidate, pseudonyms, patients):
                if name in wanted:
                    yield Match(wanted[name], key.id, candidate)


def write(matches: Iterable[Match]) -> str:
    """CSV with a head line."""
    output = io.StringIO()
    rows = csv.DictWriter(output, ("pseudonym", "key", *COLUMNS), lineterminator="\n")
    rows.writeheader()
    for found in matches:
        rows.writerow({"pseudonym": found.pseudonym, "key": found.key, **asdict(found.candidate)})
    return output.getvalue()


def _candidate(row: dict[str, str | None], number: int) -> Candidate:
    if "" in row:
        raise Misconfigured(f"line {number} of the candidates has more fields than its head line")
    found = Candidate(**{name: (value or "").strip() for name, value in row.items()})
    if not found.patient_id and not found.uid:
        raise Misconfigured(f"line {number} of the candidates has neither patient_id nor uid")
    if found.patient_id and not found.site:
        raise Misconfigured(f"line {number} of the candidates has a patient without a site")
    return found


def _names(candidate: Candidate, pseudonyms: Pseudonyms, patients: Patients) -> set[str]:
    names = set()
    if candidate.uid:
        names.add(pseudonyms.uid(candidate.uid))
    if candidate.site:
        # Also as it was before a merge was declared.
        of = (candidate.site, candidate.issuer, candidate.patient_id)
        persons = {patients.person(*of), patients.sent(*of)} if candidate.patient_id or candidate.uid else set()
        codes = (pseudonyms.code_of(person, candidate.uid).code for person in persons)
        names |= {code.rpartition("-")[2] for code in codes}
    return names
