"""When may we say that we keep it? When all that the site sent under that UID lies here as it came (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, auto


class FailureReason(IntEnum):
    """Why an instance is not committed (PS3.3 Section C.14.1.1)."""

    PROCESSING = 0x0110
    NO_SUCH_INSTANCE = 0x0112
    CLASS_CONFLICT = 0x0119


class State(Enum):
    """Of a stored object that was read back."""

    WHOLE = auto()
    DAMAGED = auto()
    MISSING = auto()


@dataclass(frozen=True, slots=True)
class Copy:
    """What was read back of one arrival. `sop_class_uid`: '' where it could not be read."""

    state: State
    sop_class_uid: str = ""


def verdict(sop_class_uid: str, copies: Sequence[Copy]) -> FailureReason | None:
    """None: it may be committed. `copies`: of all that the site has sent under the instance's UID.

    We do not know which of several contents the site still has, so each of them has to be safe.
    """
    states = {copy.state for copy in copies}
    if State.DAMAGED in states:
        return FailureReason.PROCESSING
    if not copies or State.MISSING in states:
        return FailureReason.NO_SUCH_INSTANCE
    if any(copy.sop_class_uid != sop_class_uid for copy in copies):
        return FailureReason.CLASS_CONFLICT
    return None
