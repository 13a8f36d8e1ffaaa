"""Which studies were found and how far each is, on disk before the next step: another run goes on from there.

It holds study UIDs and what was asked for, patient IDs too, so nobody but its owner may read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.fetching.archive import Retrieved
from infra.fetching.questions import Question
from infra.importing.journal import private_database
from shared.misconfigured import Misconfigured

State = Literal["found", "requested", "complete", "short", "failed"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asked (question TEXT PRIMARY KEY, studies TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS study (
    uid TEXT PRIMARY KEY, number INTEGER, state TEXT, expected INTEGER, completed INTEGER DEFAULT 0,
    failed INTEGER DEFAULT 0, reason TEXT DEFAULT '', tries INTEGER DEFAULT 0,
    at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Study:
    """A study and how far it is. `expected`: instances, None where the archive does not tell."""

    uid: str
    state: State
    expected: int | None
    completed: int
    failed: int
    reason: str

    @property
    def missing(self) -> int | None:
        """Instances that the archive has and we have not got, as far as it can be known."""
        return None if self.expected is None else max(0, self.expected - self.completed)


class Journal:
    """Not thread-safe: one study goes after the other."""

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        """`about`: which archive and which receiver; a journal of others is refused. Raises Misconfigured."""
        self.path = path
        self._db = private_database(path, SCHEMA)
        known = dict(self._db.execute("SELECT name, value FROM about"))
        differing = sorted(name for name, value in known.items() if about.get(name) != value)
        if differing:
            self.close()
            raise Misconfigured(f"{path} is the journal of another retrieval (other {', '.join(differing)}): --journal")
        self._db.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", about.items())

    def asked(self, question: Question) -> list[str] | None:
        """The studies that this question was answered with; None when it was not asked yet."""
        row = self._db.execute("SELECT studies FROM asked WHERE question = ?", (repr(question),)).fetchone()
        return json.loads(row[0]) if row else None

    def answer(self, question: Question, studies: Mapping[str, int | None]) -> None:
        """It was answered with these, of so many instances each. What is complete and has grown is not complete."""
        self._db.execute("BEGIN")
        for uid, expected in studies.items():
            self._db.execute(
                "INSERT INTO study (uid, number, state, expected)"
                " VALUES (?, (SELECT COUNT(*) FROM study), 'found', ?)"
                " ON CONFLICT (uid) DO UPDATE SET expected = COALESCE(excluded.expected, expected),"
                " state = CASE WHEN state = 'complete' AND excluded.expected > completed THEN 'found' ELSE state END",
                (uid, expected),
            )
        self._db.execute("INSERT OR REPLACE INTO asked VALUES (?, ?)", (repr(question), json.dumps(list(studies))))
        self._db.execute("COMMIT")

    def expect(self, uid: str, instances: int) -> None:
        """So many were counted."""
        self._db.execute("UPDATE study SET expected = ? WHERE uid = ?", (instances, uid))

    def request(self, uid: str) -> None:
        """It is asked for now."""
        self._db.execute("UPDATE study SET state = 'requested', tries = tries + 1 WHERE uid = ?", (uid,))

    def end(self, uid: str, state: State, told: Retrieved) -> None:
        """This came of it."""
        self._db.execute(
            "UPDATE study SET state = ?, completed = ?, failed = ?, reason = ?,"
            " at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now') WHERE uid = ?",
            (state, told.completed, told.failed, told.reason, uid),
        )

    def studies(self, uids: Sequence[str]) -> Iterator[Study]:
        """These, in their order."""
        query = "SELECT uid, state, expected, completed, failed, reason FROM study WHERE uid = ?"
        for uid in uids:
            row = self._db.execute(query, (uid,)).fetchone()
            if row is not None:
                yield Study(*row)

    def close(self) -> None:
        """Close the file."""
        self._db.close()
