"""De-identifies one composite instance: bytes in, verdict out (PS3.15 Annex E)."""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from services.anonymiser.cleaning.cleaner import CHARACTER_SET, PATIENT_ID, PATIENT_NAME, Cleaner
from services.anonymiser.dataset import text
from services.anonymiser.dataset.header import bulk, header
from services.anonymiser.dataset.reading import BeyondLimits, Unreadable, read
from services.anonymiser.dataset.tree import Element, Item, find, word
from services.anonymiser.dataset.writing import part10
from services.anonymiser.quarantine import held_for
from services.anonymiser.standard.table import table
from shared.dicom.identity import PatientCode, Pseudonyms
from shared.events import BulkElement, Finding
from shared.outcome import Reason

ENGINE = "1"
"""Changes with whatever may change the output for the same input, key and table."""

SOP_CLASS, SOP_INSTANCE, STUDY, SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
ISSUER_OF_PATIENT_ID = 0x00100021
# PS3.16 CID 7050
METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
)


@dataclass(frozen=True, slots=True)
class Context:
    """Whose object it is: the site's code (or that of its domain) and the project's pseudonyms."""

    site: str
    pseudonyms: Pseudonyms


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The object without identity. `header` is in the DICOM JSON Model, `bulk` names what it leaves out at the top
    level; `patient.from_study` tells that no patient ID was sent."""

    part10: bytes
    patient: PatientCode
    study_uid: str
    series_uid: str
    instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    header: dict[str, Any]
    bulk: tuple[BulkElement, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """Not let through, because the engine cannot clean it: a person decides."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Rejected:
    """There is no object to clean."""

    reason: Reason


Verdict = Cleaned | Held | Rejected


@cache
def revision() -> str:
    """Names everything that decides, so that the same revision and input give the same output."""
    decides = f"{ENGINE}/{table().edition}/{table().digest}"
    return f"basic-{hashlib.sha256(decides.encode()).hexdigest()[:12]}"


def anonymise(data: bytes, context: Context, transfer_syntax: str | None = None) -> Verdict:
    """The verdict on `data`: a Part 10 file, or a bare data set in `transfer_syntax`. Same bytes, same result."""
    try:
        syntax, elements = read(data, transfer_syntax)
    except Unreadable as unreadable:
        return Rejected(unreadable.reason)
    except BeyondLimits:
        return Held(Reason.UNCLEANABLE)
    if not all(word(elements, tag) for tag in (SOP_CLASS, SOP_INSTANCE, STUDY, SERIES)):
        return Rejected(Reason.MISSING_UID)
    if reason := held_for(elements, syntax):
        return Held(reason)
    patient = _patient(elements, context)
    cleaner = Cleaner(table(), context.pseudonyms, patient.code, context.pseudonyms.shift_days(patient))
    cleaned = _marked(cleaner.clean(elements), patient.code)
    try:
        described = bulk(cleaned, syntax)
    except ValueError:
        return Rejected(Reason.UNDECODABLE)
    json, inexpressible = header(cleaned, syntax)
    sop_class, instance = word(cleaned, SOP_CLASS), word(cleaned, SOP_INSTANCE)
    return Cleaned(
        part10=part10(cleaned, syntax, sop_class, instance),
        patient=patient,
        study_uid=word(cleaned, STUDY),
        series_uid=word(cleaned, SERIES),
        instance_uid=instance,
        sop_class_uid=sop_class,
        transfer_syntax_uid=syntax.uid,
        header=json,
        bulk=described,
        findings=(*cleaner.findings, *inexpressible),
    )


def _patient(elements: Item, context: Context) -> PatientCode:
    character_set = find(elements, CHARACTER_SET)
    names = text.encodings(character_set.content) if character_set else text.DEFAULT
    issuer, patient_id = (_identifier(elements, tag, names) for tag in (ISSUER_OF_PATIENT_ID, PATIENT_ID))
    return context.pseudonyms.patient_code(context.site, issuer, patient_id, word(elements, STUDY))


def _identifier(elements: Item, tag: int, names: text.Encodings) -> str:
    """Undecodable bytes still tell patients apart, so they count as Latin-1."""
    element = find(elements, tag)
    if element is None:
        return ""
    decoded = text.decoded(element.content, names)
    return element.content.decode("latin-1") if decoded is None else decoded


def _marked(elements: Item, patient: str) -> Item:
    """Says what was done (PS3.15 Section E.1.1, PS3.3 C.7.1.1 and C.12.1), and names the patient if nothing did."""
    methods = "\\".join(("Isocentre", f"PS3.15 {table().edition} Table E.1-1", *(code for code, _ in METHODS)))
    marks = (
        _ascii(PATIENT_NAME, "PN", patient),
        _ascii(PATIENT_ID, "LO", patient),
        _ascii(0x00120062, "CS", "YES"),
        _ascii(0x00120063, "LO", methods),
        Element(0x00120064, "SQ", items=tuple(_code(code, meaning) for code, meaning in METHODS)),
        _ascii(0x00280303, "CS", "MODIFIED"),
    )
    merged = {element.tag: element for element in (*elements, *marks)}
    return tuple(merged[tag] for tag in sorted(merged))


def _code(value: str, meaning: str) -> Item:
    return (
        _ascii(0x00080100, "SH", value),
        _ascii(0x00080102, "SH", "DCM"),
        _ascii(0x00080104, "LO", meaning),
    )


def _ascii(tag: int, vr: str, value: str) -> Element:
    return Element(tag, vr, value.encode("ascii"))
