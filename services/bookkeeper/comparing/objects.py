"""An object that the books expect, against one that a listing shows."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Expected:
    """What the books know of the object under `key`. `size` in bytes; None: not told. `required`: it has to be there;
    others may, because they were to be deleted, or have been replaced."""

    key: str
    site: str
    arrival: str
    digest: str
    size: int | None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """What a listing shows of one; `size` in bytes."""

    modified: datetime
    size: int


class Finding(Enum):
    """What an object and its line differ in."""

    MISSING = auto()
    UNKNOWN = auto()
    OTHER_SIZE = auto()


def finding(expected: Expected | None, seen: Seen | None, before: datetime) -> Finding | None:
    """None where they agree. Who has put an object announces it soon after: those that were put after `before` are no
    finding yet."""
    if seen is None:
        return Finding.MISSING if expected is not None and expected.required else None
    if expected is None:
        return Finding.UNKNOWN if seen.modified < before else None
    return Finding.OTHER_SIZE if expected.size not in (None, seen.size) else None
