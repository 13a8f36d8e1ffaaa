"""The hand journal: a small file that says which records a worker has in hand, for the one that comes after it.

It has to outlive the process, not the machine: nothing is synced. What cannot be read, because a write was cut off,
says nothing: a suspicion may be lost, never wrong.
"""

import fcntl
import os
import zlib
from pathlib import Path
from struct import Struct

import orjson

from shared import telemetry
from shared.runner.suspects import Noted, Suspicion

log = telemetry.logger("stage")

_HEAD = Struct("!II")
"""Length and CRC-32 of what follows."""


class Journal:
    """One worker's file, which it alone writes for as long as it lives."""

    def __init__(self, file: int) -> None:
        """`file`: a descriptor, open for reading and writing."""
        self._file = file
        self._writes = True

    def read(self) -> Noted:
        """What was written last; nothing when there is nothing that can be read."""
        length, check = _HEAD.unpack(os.pread(self._file, _HEAD.size, 0).ljust(_HEAD.size, b"\0"))
        text = os.pread(self._file, length, _HEAD.size)
        if not length or len(text) < length or zlib.crc32(text) != check:
            return Noted()
        in_hand, hung, suspects = orjson.loads(text)
        return Noted(
            in_hand=tuple(map(tuple, in_hand)),
            hung=tuple(map(tuple, hung)),
            suspects={tuple(place): Suspicion(*told) for place, told in suspects},
        )

    def write(self, noted: Noted) -> None:
        """Replace it, in one call. A disk that takes nothing is told of once, and stops no work."""
        suspects = [(place, (told.ends, told.hung)) for place, told in noted.suspects.items()]
        text = orjson.dumps((noted.in_hand, noted.hung, suspects))
        try:
            os.pwrite(self._file, _HEAD.pack(len(text), zlib.crc32(text)) + text, 0)
            self._writes = True
        except OSError as refused:
            if self._writes:
                log.error("hand-journal-refused", error=refused.strerror)
            self._writes = False

    def close(self) -> None:
        """Another may have it."""
        os.close(self._file)


def open_journal(folder: Path | None, instance: str) -> Journal | None:
    """The journal of the worker `instance` in `folder`. None, and the log says why, where it can have none."""
    if folder is None:
        log.warning("no-hand-journal", text="no STATE_DIR: a record that kills its worker will do so again and again")
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / f"hand-{instance}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as refused:
        log.error("no-hand-journal", error=refused.strerror)
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # A worker of the same name that was stopped, say: what it noted is about itself.
        os.close(file)
        log.error("no-hand-journal", error="in use by another worker of this name")
        return None
    return Journal(file)
