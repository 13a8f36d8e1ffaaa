"""The account of each association: what came, and what was said to it. Kept on the disk as a witness for the books: a
ledger made from the topics would miss what the topics miss."""

import fcntl
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.durable import append, sync_folder
from shared.outcome import Reason

EVERY = 60.0
"""Seconds."""


@dataclass(slots=True)
class Account:
    """One association, or one HTTP request."""

    association: str
    site: str
    way: str
    """How it came: `dicom` or `stow`."""
    begun: datetime
    ended: datetime | None = None
    end: str = ""
    received: int = 0
    """Instances that came as a whole, whatever was said."""
    stored: int = 0
    repeated: int = 0
    bytes: int = 0
    """Of data sets that were answered with success."""
    refused: Counter[str] = field(default_factory=Counter)
    """By status and reason."""

    def count(self, status: int, reason: Reason | None, size: int, *, success: bool) -> None:
        """One more instance, `size` bytes of data set, has been answered."""
        self.received += 1
        if not success:
            self.refused[f"{status:04X} {reason or ''}".rstrip()] += 1
            return
        self.bytes += size
        if reason is Reason.ALREADY_DONE:
            self.repeated += 1
        else:
            self.stored += 1

    def as_json(self) -> dict[str, Any]:
        """All of it; times in ISO 8601, UTC."""
        return {
            "association": self.association,
            "site": self.site,
            "way": self.way,
            "begun": self.begun.isoformat(timespec="milliseconds"),
            "ended": self.ended.isoformat(timespec="milliseconds") if self.ended else None,
            "end": self.end,
            "received": self.received,
            "stored": self.stored,
            "repeated": self.repeated,
            "bytes": self.bytes,
            "refused": dict(self.refused),
        }


class AccountBook:
    """The accounts of associations, lines of JSON, in a file per day (UTC): one when it has ended, and some before that
    while it lasts. Of several lines the last one counts. Several processes may write it, one after the other. One sync
    is for all that came since the last: one for each HTTP request would cost as much as its instance."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._unsettled: set[Path] = set()
        self._lock = threading.Lock()

    def keep(self, account: Account) -> None:
        """Write the account, which outlives this process now, and a power cut once it is settled. Raises OSError."""
        with self._lock:  # what was told before the end is written before it
            told = account.as_json()
            day = (account.ended or datetime.now(UTC)).date().isoformat()
            path = self._folder / f"{day}.jsonl"
            _add_line(path, json.dumps(told, separators=(",", ":")).encode())
            self._unsettled.add(path)

    def settle(self) -> None:
        """Return when all that was kept is on the disk. Raises OSError; then it is tried again at the next time."""
        with self._lock:
            unsettled, self._unsettled = self._unsettled, set()
        try:
            for path in unsettled:
                _sync(path)
            if unsettled:
                sync_folder(self._folder)
        except OSError:
            with self._lock:
                self._unsettled |= unsettled
            raise


def _add_line(path: Path, line: bytes) -> None:
    """All of it, or nothing. Raises OSError."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file).st_size
        torn = size and os.pread(file, 1, size - 1) != b"\n"  # by a power cut
        try:
            append(file, memoryview(b"\n" * bool(torn) + line + b"\n"), size)
        except OSError:
            os.ftruncate(file, size)
            raise
    finally:
        os.close(file)


def _sync(path: Path) -> None:
    """What somebody has taken away is not his who syncs any more."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        os.fsync(file.fileno())


class SoFar:
    """Keeps the accounts of associations that last, every EVERY seconds: what was answered there has a witness too."""

    def __init__(self, keep: Callable[[Account], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._keep, self._clock = keep, clock
        self._received: dict[str, int] = {}
        self._next = clock() + EVERY

    def look(self, accounts: Iterable[Account]) -> None:
        """Keep those of the open `accounts` that have grown, when it is time."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + EVERY
        before, self._received = self._received, {}
        for account in accounts:
            self._received[account.association] = account.received
            if account.received > before.get(account.association, 0):
                self._keep(account)
