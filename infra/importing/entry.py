"""One file to be imported, or one that was passed over before anybody looked into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

Result = Literal["sent", "repeated", "not-dicom", "refused", "failed"]
"""`repeated`: acknowledged in an earlier run, and the same since."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file. `key`: its name in the source; `folder`: files of the same one stay together; `changed`: in nanoseconds,
    for comparison only. `opened` opens it from the beginning, and raises OSError."""

    key: str
    folder: str
    size: int
    changed: int
    opened: Callable[[], BinaryIO] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Passed:
    """What there is no entry for, and why."""

    key: str
    result: Result
    reason: str
