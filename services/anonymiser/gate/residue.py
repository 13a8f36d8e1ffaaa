"""What the gate says of a finished object, how sure it is, and where the threshold lies."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

STRONG_LIMIT = 1
"""So many strong residues hold an object back."""
WEAK_LIMIT = 2
"""So many different detectors with weak residues do as well: one alone is more often chance than a leak."""
PLACE_OF_BYTES = "bytes"
"""The place of what is in no element: between them, in padding, in the file meta information."""


class Severity(StrEnum):
    """Whether a residue suffices alone."""

    STRONG = "strong"
    WEAK = "weak"


class Detector(StrEnum):
    """What was recognised. `original-…`: a value of the object as it arrived; the others know the finished one only."""

    NAME = "original-name"
    IDENTIFIER = "original-identifier"
    CONTACT = "original-contact"
    PLACE = "original-place"
    INSTITUTION = "original-institution"
    DEVICE = "original-device"
    CHARACTERISTIC = "original-characteristic"
    PRIVATE = "original-private"
    UID = "original-uid"
    BIRTH_DATE = "original-birth-date"
    DATE = "original-date"
    TEXT_DATE = "date"
    EMAIL = "e-mail"
    PHONE = "phone"
    ADDRESS = "address"
    LABELLED = "labelled-identifier"
    PERSON = "person-name"
    NATIONAL = "national-identifier"


@dataclass(frozen=True, slots=True)
class Residue:
    """Something that may identify. `place`: tags from the outside in, items counted from 1, such as
    '(0040,A730)[2](0040,A160)', or PLACE_OF_BYTES. Never the value."""

    detector: Detector
    place: str
    severity: Severity = Severity.STRONG


@dataclass(frozen=True, slots=True)
class Expect:
    """What the profile retains, so that it is no residue where it belongs (the options of PS3.15 Section E.3).

    `dates`: full dates. `moved`: dates in texts were moved, so that a date alone is nothing. `months`: dates are cut to
    the first of their month, which may be what they were. The birth date is never expected.
    """

    dates: bool = False
    moved: bool = False
    months: bool = False
    uids: bool = False
    device: bool = False
    institution: bool = False
    characteristics: bool = False


NOTHING = Expect()


def decides(residues: Iterable[Residue]) -> bool:
    """Whether these hold the object back."""
    severities: dict[Severity, list[Detector]] = {Severity.STRONG: [], Severity.WEAK: []}
    for residue in residues:
        severities[residue.severity].append(residue.detector)
    return len(severities[Severity.STRONG]) >= STRONG_LIMIT or len(set(severities[Severity.WEAK])) >= WEAK_LIMIT
