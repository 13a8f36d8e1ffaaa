"""What became of each file, on disk before the next one is sent: a second run sends only what is missing.

It names files of the identified side, so nobody but its owner may read it.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Mapping
from pathlib import Path

from infra.importing.entry import Entry, Result
from shared.misconfigured import Misconfigured

SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file (
    key TEXT PRIMARY KEY, size INTEGER, changed INTEGER, result TEXT, reason TEXT,
    at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) WITHOUT ROWID;
"""
SETTLED: dict[str, Result] = {"sent": "repeated", "not-dicom": "not-dicom"}
"""What needs no second look while the file stays the same, and what a later run says of it."""


def private_database(path: Path, schema: str) -> sqlite3.Connection:
    """A database of ours alone (mode 0600, one process at a time). Raises Misconfigured."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        os.close(descriptor)
    except OSError as failed:
        raise Misconfigured(f"{path} cannot be opened: {failed.strerror}") from None
    if mode & 0o077:
        raise Misconfigured(f"{path} is open to others (mode {mode:04o}): chmod 600 {path}")
    database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=1.0)
    try:
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        database.execute("PRAGMA journal_mode=WAL")
        # A power cut may take the last entries: what they say is then found out again, at the price of a repeat.
        database.execute("PRAGMA synchronous=NORMAL")
        database.executescript(schema)
    except sqlite3.OperationalError:
        database.close()
        raise Misconfigured(f"{path} is in use by another run") from None
    except sqlite3.DatabaseError:
        database.close()
        raise Misconfigured(f"{path} is no journal") from None
    return database


class Journal:
    """Thread-safe."""

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        """`about`: what the run is about; a journal of another one is refused. Raises Misconfigured."""
        self.path = path
        self._db = private_database(path, SCHEMA)
        self._lock = threading.Lock()
        known = dict(self._db.execute("SELECT name, value FROM about"))
        differing = sorted(name for name, value in known.items() if about.get(name) != value)
        if differing:
            self.close()
            raise Misconfigured(f"{path} is the journal of another import (other {', '.join(differing)}): --journal")
        self._db.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", about.items())

    def known(self, entry: Entry) -> tuple[Result, str] | None:
        """What a later run says of the file; None when it has to be looked at, or looked at again."""
        query = "SELECT result, reason FROM file WHERE key = ? AND size = ? AND changed = ?"
        with self._lock:
            row = self._db.execute(query, (entry.key, entry.size, entry.changed)).fetchone()
        return (SETTLED[row[0]], row[1]) if row and row[0] in SETTLED else None

    def note(self, entry: Entry, result: Result, reason: str) -> None:
        """This became of it."""
        statement = "INSERT OR REPLACE INTO file (key, size, changed, result, reason) VALUES (?, ?, ?, ?, ?)"
        with self._lock:
            self._db.execute(statement, (entry.key, entry.size, entry.changed, result, reason))

    def close(self) -> None:
        """Close the file."""
        self._db.close()
