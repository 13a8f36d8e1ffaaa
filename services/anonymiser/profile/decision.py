"""What happens to one attribute, and which rule says so."""

from dataclasses import dataclass
from enum import Enum

from services.anonymiser.findings import Code
from services.anonymiser.profile.model import Act
from services.anonymiser.profile.options import Option


class Mode(Enum):
    """How the items of a sequence are treated."""

    PLAIN = "as the data set around them"
    CLEAN = "texts in them are cleaned"
    STRUCTURED = "a content tree: concepts decide besides"
    RETAINED = "codes in them stay: they say what an option retains"
    DEVICE = "as RETAINED, but the words of a private scheme are cleaned: a site wrote them"
    DUMMY = "every value becomes a dummy, the structure stays"


@dataclass(frozen=True, slots=True)
class Decision:
    """One act with its reason. `option` is the option of PS3.15 E.3 that is carried out by it, `finding` what is told
    about the object when it happens, `value` what `set` writes, `mode` what becomes of the items of a sequence, `named`
    that a UID is replaced even where it looks like one of DICOM's own, `ruled` that the profile itself says so."""

    act: Act
    source: str
    option: Option | None = None
    finding: Code | None = None
    value: str = ""
    mode: Mode = Mode.PLAIN
    named: bool = False
    ruled: bool = False


_WEAKNESS = {act: rank for rank, act in enumerate(Act)}
_NOTHING_LEFT = frozenset({Act.REMOVE, Act.EMPTY, Act.DUMMY, Act.SET})


def weaker(one: Decision, other: Decision) -> bool:
    """Whether `one` may leave more of the original value than `other` does."""
    if one.act in _NOTHING_LEFT:
        return False
    return _WEAKNESS[one.act] > _WEAKNESS[other.act]
