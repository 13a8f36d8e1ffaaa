"""SQLite files that several processes share: opened, given their tables, and written in transactions."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BUSY_SECONDS = 30.0
"""That a process waits for another one's write, which is one sync of the disk at most."""


def opened(path: Path, *, synced: bool) -> sqlite3.Connection:
    """The file, made if need be, and then nobody else's to read. `synced`: what is committed survives a power cut;
    otherwise one may tear the file. Each statement is a transaction of its own but within `transaction`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=_BUSY_SECONDS)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute(f"PRAGMA synchronous={'FULL' if synced else 'OFF'}")
    return database


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All that is done within, or nothing of it. One at a time over all processes, so also one at a time here."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def give_tables(database: sqlite3.Connection, schema: str, version: int | None = None) -> None:
    """Make what is missing of `schema`. All tables of another `version` are thrown away first, if it has one."""
    with transaction(database):
        (found,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (None, found):
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                database.execute(f"DROP TABLE {table}")
            database.execute(f"PRAGMA user_version = {version}")
        for statement in schema.split(";"):
            database.execute(statement)
