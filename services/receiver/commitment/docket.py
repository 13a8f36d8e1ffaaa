"""The requests whose results have not been delivered, on the disk: what was taken survives a power cut."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.receiver import sqlite
from services.receiver.commitment.asking import INVALID_ARGUMENT, RESOURCE_LIMITATION, Asked, Reference, Refused
from services.receiver.commitment.deciding import FailureReason
from services.receiver.commitment.report import Result

MOST_OF_A_SITE = 1000
"""Requests that may be open."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS request (
    id TEXT PRIMARY KEY, site TEXT NOT NULL, transaction_uid TEXT NOT NULL, called TEXT NOT NULL, asked TEXT NOT NULL,
    at REAL NOT NULL, trace TEXT NOT NULL, result TEXT, attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL,
    UNIQUE (site, transaction_uid))
"""


@dataclass(frozen=True, slots=True)
class Open:
    """A request that was taken. `id`: ours, and random; `called`: the AE title under which we were asked."""

    id: str
    site: str
    called: str
    asked: Asked
    at: datetime
    trace: str
    result: Result | None
    attempts: int


class Docket:
    """One process's door to the file, of which several may use the same; thread-safe. It names original UIDs."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite.opened(path, synced=True)
        sqlite.give_tables(self._db, SCHEMA)
        self._lock = threading.Lock()

    def add(self, site: str, called: str, asked: Asked, now: datetime, trace: str = "") -> str:
        """Its id, when the request is on the disk. Asked again in the same words it begins anew.

        Raises Refused: the transaction's UID is in use for something else, or too many requests are open.
        """
        number, words = secrets.token_hex(8), _text(asked)
        with self._transaction():
            if self._words_of(site, asked.transaction_uid) not in (None, words):
                raise Refused(INVALID_ARGUMENT)
            if self._beside(site, asked.transaction_uid) >= MOST_OF_A_SITE:
                raise Refused(RESOURCE_LIMITATION)
            self._db.execute(
                "INSERT OR REPLACE INTO request (id, site, transaction_uid, called, asked, at, trace, due)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (number, site, asked.transaction_uid, called, words, now.timestamp(), trace, now.timestamp()),
            )
        return number

    def _words_of(self, site: str, transaction_uid: str) -> str | None:
        query = "SELECT asked FROM request WHERE site = ? AND transaction_uid = ?"
        found = self._db.execute(query, (site, transaction_uid)).fetchone()
        return found[0] if found else None

    def _beside(self, site: str, transaction_uid: str) -> int:
        """How many others of the site are open: the one that begins anew takes no place more."""
        query = "SELECT count(*) FROM request WHERE site = ? AND transaction_uid <> ?"
        return int(self._db.execute(query, (site, transaction_uid)).fetchone()[0])

    def due(self, now: datetime) -> list[tuple[str, str]]:
        """Id and site of the requests that something can be done about, who waits longest first."""
        with self._lock:
            return self._db.execute(
                "SELECT id, site FROM request WHERE due <= ? ORDER BY due", (now.timestamp(),)
            ).fetchall()

    def counts(self) -> dict[str, int]:
        """How many are open, by site."""
        with self._lock:
            return dict(self._db.execute("SELECT site, count(*) FROM request GROUP BY site").fetchall())

    def open(self, number: str) -> Open | None:
        """The request of that id; None when it has come to its end, or began anew under another one."""
        query = "SELECT site, called, transaction_uid, asked, at, trace, result, attempts FROM request WHERE id = ?"
        with self._lock:
            found = self._db.execute(query, (number,)).fetchone()
        if found is None:
            return None
        site, called, uid, words, at, trace, result, attempts = found
        asked = Asked(uid, tuple(Reference(*pair) for pair in json.loads(words)))
        judged = None if result is None else [FailureReason(code) if code else None for code in json.loads(result)]
        return Open(number, site, called, asked, datetime.fromtimestamp(at, UTC), trace, judged, attempts)

    def judged(self, number: str, result: Result) -> None:
        """What comes of it is known, and is on the disk."""
        with self._transaction():
            self._db.execute("UPDATE request SET result = ? WHERE id = ?", (json.dumps(list(result)), number))

    def put_off(self, number: str, until: datetime) -> None:
        """It was tried and did not go: nothing is done about it before."""
        with self._transaction():
            self._db.execute(
                "UPDATE request SET attempts = attempts + 1, due = ? WHERE id = ?", (until.timestamp(), number)
            )

    def remove(self, number: str) -> None:
        """The site knows, or will not be told any more."""
        with self._transaction():
            self._db.execute("DELETE FROM request WHERE id = ?", (number,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, sqlite.transaction(self._db):
            yield


def _text(asked: Asked) -> str:
    return json.dumps([(each.sop_class_uid, each.sop_instance_uid) for each in asked.references])
