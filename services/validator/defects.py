"""What the validator can find, and which of it rejects."""

from dataclasses import dataclass
from enum import StrEnum

from shared.events import Finding
from shared.outcome import Reason


class Code(StrEnum):
    """Finding codes. README.md tells when each rejects."""

    MISSING_TYPE_1 = "missing-type-1"
    MISSING_TYPE_1C = "missing-type-1c"
    MISSING_TYPE_2 = "missing-type-2"
    MALFORMED_UID = "malformed-uid"
    DISAGREES = "disagrees-with-event"
    UNKNOWN_SOP_CLASS = "unknown-sop-class"
    MODALITY_MISMATCH = "modality-mismatch"
    UNKNOWN_TRANSFER_SYNTAX = "unknown-transfer-syntax"
    ENCAPSULATION = "encapsulation"
    SEVERAL_PIXEL_ELEMENTS = "several-pixel-elements"
    FRAMES_UNUSABLE = "frames-unusable"
    BITS = "bits"
    PIXELS_SHORT = "pixels-short"
    PIXELS_LONG = "pixels-long"
    PIXELS_UNPADDED = "pixels-unpadded"
    FRAGMENTS_FEW = "fragments-few"
    FRAGMENTS_MANY = "fragments-many"
    FINDINGS_TRUNCATED = "findings-truncated"


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong: harmless without a reason, a rejection with one. Never carries a value."""

    code: Code
    tag: str | None = None
    reason: Reason | None = None

    def finding(self) -> Finding:
        """As it is told in an event."""
        return Finding(code=self.code.value, tag=self.tag)
