"""What the engine says of one object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.anonymiser.dataset.tree import Item
from shared.dicom.identity import PatientCode
from shared.events import BulkElement, Finding
from shared.outcome import Reason

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
