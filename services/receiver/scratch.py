"""SQLite files that several processes share and that may be thrown away: what they hold can be had elsewhere, or does
not matter after a power cut."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from services.receiver import sqlite
from shared import telemetry
from shared.durable import sync_folder

log = telemetry.logger("receiver")


def mended(path: Path) -> None:
    """Throw the file away if it is torn. For the first process, before the others begin."""
    try:
        database = sqlite.opened(path, synced=False)
        try:
            (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            database.close()
    except sqlite3.DatabaseError:
        state = "torn"
    if state != "ok":
        log.error("thrown-away", file=path.name)
        thrown_away(path)


def thrown_away(path: Path) -> None:
    """Nobody has it open."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def settled(path: Path, database: sqlite3.Connection) -> None:
    """Close it, the last of all who had it open, with all of it on the disk."""
    with suppress(sqlite3.Error):
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)
