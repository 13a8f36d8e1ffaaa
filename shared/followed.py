"""Files of an operator's that a running service follows: what is written in them counts without a restart."""

import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

from shared import metrics, telemetry
from shared.misconfigured import Misconfigured

log = telemetry.logger("configuration")

EVERY = 2.0
"""Seconds between two looks at the files."""

T = TypeVar("T")
_Mark = tuple[str, ...]


class Followed(Generic[T]):
    """What some files say, by `read`, which raises Misconfigured when they cannot be used.

    They are looked at when somebody asks, at most every EVERY seconds. A change counts when the next look finds it the
    same, since files may be half written, or one of two. One that cannot be used is logged and changes nothing.
    """

    def __init__(self, what: str, read: Callable[[], T], files: Callable[[T], Iterable[Path]]) -> None:
        """Reads at once. Raises Misconfigured. `files`: those to look at, by what was read; `what` is for people."""
        self._what, self._read, self._files = what, read, files
        self._lock = threading.Lock()
        self._refused = metrics.gauge("isocentre_configuration_refused").labels(what)
        self._refused.set(0)
        self._mark = self._seen = _marked(files(read()))
        # Only now: what has changed since they were marked is then read, or found by the next look.
        self._now = read()
        self._next = time.monotonic() + EVERY

    def now(self) -> T:
        """What counts now. Never waits for somebody else who looks."""
        if time.monotonic() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._look(hurry=False)
            finally:
                self._lock.release()
        return self._now

    def again(self) -> T:
        """What the files say at this moment, for who has learned elsewhere that they must have changed."""
        with self._lock:
            self._look(hurry=True)
        return self._now

    def _look(self, hurry: bool) -> None:
        self._next = time.monotonic() + EVERY
        mark, before = _marked(self._files(self._now)), self._seen
        self._seen = mark
        if mark != self._mark and (hurry or mark == before):
            self._mark = mark
            self._take()

    def _take(self) -> None:
        try:
            self._now = self._read()
        except Misconfigured as wrong:
            self._refused.set(1)
            log.error("configuration-refused", what=self._what, text=str(wrong))
        else:
            self._refused.set(0)
            log.info("configuration-read", what=self._what)


def _marked(files: Iterable[Path]) -> _Mark:
    """Content and mode of each file, or why it cannot be read."""
    return tuple(_mark(file) for file in files)


def _mark(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            return f"{mode:o} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as failed:
        return type(failed).__name__
