"""What has been received before: a local view of the topic, so that a repeat is answered without a second event.

The topic is the truth and the view can be thrown away: at the start it reads what it does not know yet. That
also covers a crash between the broker's acknowledgement and our own note of it.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shared.events import InstanceReceived
from shared.events.envelope import UndecodableEvent, decode
from shared.kafka import Record

Offsets = Mapping[tuple[str, int], int]

SCHEMA = """
CREATE TABLE IF NOT EXISTS arrival (digest BLOB, site TEXT, PRIMARY KEY (digest, site)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS position (topic TEXT, part INTEGER, next INTEGER, PRIMARY KEY (topic, part));
"""


class Arrivals:
    """Thread-safe; at most one thread at a time works on the same arrival."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        # Nothing that is not in the topic as well: a power cut may take it.
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(SCHEMA)
        self._lock = threading.Lock()
        self._busy: set[tuple[str, str]] = set()
        self._free = threading.Condition()

    def catch_up(self, ends: Offsets, read: Callable[[Offsets], Iterable[Record]]) -> int:
        """Take in what the topic holds beyond our position; returns how many records that were.

        A position beyond the topic's end belongs to another topic's life: then everything is read again.
        """
        known = dict(self._positions())
        begins_anew = any(next_offset > ends.get(where, 0) for where, next_offset in known.items())
        count = 0
        with self._lock, self._transaction():
            if begins_anew:
                known = {}
                self._db.execute("DELETE FROM arrival")
                self._db.execute("DELETE FROM position")
            for record in read(known):
                count += 1
                self._take(record)
        return count

    def known(self, site: str, digest: str) -> bool:
        """Whether this arrival has been published."""
        query = "SELECT 1 FROM arrival WHERE digest = ? AND site = ?"
        with self._lock:
            return self._db.execute(query, (bytes.fromhex(digest), site)).fetchone() is not None

    def add(self, site: str, digest: str) -> None:
        """This arrival has been published."""
        with self._lock:
            self._db.execute("INSERT OR IGNORE INTO arrival VALUES (?, ?)", (bytes.fromhex(digest), site))

    @contextmanager
    def alone(self, site: str, digest: str) -> Iterator[None]:
        """Wait until no other association works on the same arrival, then keep it to ourselves."""
        this = (site, digest)
        with self._free:
            self._free.wait_for(lambda: this not in self._busy)
            self._busy.add(this)
        try:
            yield
        finally:
            with self._free:
                self._busy.remove(this)
                self._free.notify_all()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _positions(self) -> Iterator[tuple[tuple[str, int], int]]:
        for topic, part, next_offset in self._db.execute("SELECT topic, part, next FROM position"):
            yield (topic, part), next_offset

    def _take(self, record: Record) -> None:
        try:
            event = decode(record.topic, record.value, record.headers)
        except UndecodableEvent:
            # The anonymiser dead-letters it; for us it is no arrival.
            event = None
        if isinstance(event, InstanceReceived):
            self._db.execute("INSERT OR IGNORE INTO arrival VALUES (?, ?)", (bytes.fromhex(event.digest), event.site))
        self._db.execute(
            "INSERT OR REPLACE INTO position VALUES (?, ?, ?)", (record.topic, record.partition, record.offset + 1)
        )
