"""How much each site has sent today, for those whose bytes are limited."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from services.receiver import sqlite

_SCHEMA = "CREATE TABLE IF NOT EXISTS spent (site TEXT PRIMARY KEY, day TEXT, bytes INTEGER) WITHOUT ROWID"
_ADD = """
INSERT INTO spent VALUES (?1, ?2, ?3)
ON CONFLICT (site) DO UPDATE SET bytes = ?3 + CASE day WHEN ?2 THEN bytes ELSE 0 END, day = ?2
"""


class Quotas:
    """One process's door to the counts, which several share; thread-safe. Days are of UTC. What is under way at the
    same time may go beyond a quota by its own size, and a power cut may forget some of a day: a brake, no account."""

    def __init__(self, path: Path, today: Callable[[], date] = lambda: datetime.now(UTC).date()) -> None:
        self._today = today
        self._db = sqlite.opened(path, synced=False)
        sqlite.give_tables(self._db, _SCHEMA)
        self._lock = threading.Lock()

    def spent(self, site: str) -> int:
        """Bytes that were stored of it today."""
        query = "SELECT bytes FROM spent WHERE site = ? AND day = ?"
        with self._lock:
            found = self._db.execute(query, (site, self._today().isoformat())).fetchone()
        return int(found[0]) if found else 0

    def add(self, site: str, size: int) -> None:
        """So many more were."""
        with self._lock:
            self._db.execute(_ADD, (site, self._today().isoformat(), size))

    def close(self) -> None:
        """Close the file."""
        self._db.close()
