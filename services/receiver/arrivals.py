"""What has been received before: a local view of the topic, so that a repeat is answered without a second event.

The topic is the truth and the view can be thrown away: at the start it reads what it does not know yet. Who died while
he published, or was not answered by the broker, leaves a doubt: whoever brings the same again first asks the topic.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from enum import IntEnum
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from struct import Struct

from services.receiver import scratch, sqlite
from shared.events import InstanceReceived
from shared.events.envelope import UndecodableEvent, decode
from shared.kafka import Record
from shared.outcome import Transient

Offsets = Mapping[tuple[str, int], int]

VERSION = 6
"""Of the tables. A view of another version is thrown away and read again."""
TABLES = ("arrival", "position")
SCHEMA = """
CREATE TABLE IF NOT EXISTS arrival (
    digest BLOB, site TEXT, instance BLOB, noted REAL, doubt INTEGER, PRIMARY KEY (digest, site)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS arrival_instance ON arrival (instance);
CREATE INDEX IF NOT EXISTS arrival_doubt ON arrival (doubt) WHERE doubt;
CREATE TABLE IF NOT EXISTS position (
    topic TEXT, part INTEGER, next INTEGER, epoch INTEGER, stamp REAL, PRIMARY KEY (topic, part));
"""
# Each statement that writes locks, appends and unlocks, for each instance that arrives: hence one where two would do.
# Who publishes doubts first. If the doubt is gone when he notes it, the topic has told it meanwhile, which is more.
_PUBLISHED = """
INSERT INTO arrival VALUES (?1, ?2, ?3, ?4, 0)
ON CONFLICT (digest, site) DO UPDATE
SET instance = ?3, noted = CASE WHEN ?4 IS NULL OR doubt THEN ?4 ELSE noted END,
    doubt = CASE WHEN ?4 IS NULL AND doubt = 3 THEN 3 ELSE 0 END
RETURNING EXISTS (
    SELECT 1 FROM arrival AS other
    WHERE other.instance = ?3 AND other.doubt <> 1 AND (other.digest, other.site) <> (?1, ?2))
"""
# `doubt` is a Standing.
_DOUBTED = """
INSERT INTO arrival VALUES (?, ?, ?, NULL, 1)
ON CONFLICT (digest, site) DO UPDATE SET doubt = CASE doubt WHEN 1 THEN 1 ELSE 2 END
"""
_AT_ONCE = 1000
"""Records taken in with one write."""
_LOCK = Struct("hhqqi4x")
"""`struct flock` of Linux: type, whence, start, length, pid."""
_LOOK_AGAIN = 0.02
"""Seconds."""


class Standing(IntEnum):
    """How an arrival stands that the view knows."""

    PUBLISHED = 0
    DOUBTED = 1
    """Somebody may have published it without having added it: the topic knows."""
    DOUBTED_AGAIN = 2
    """It was published, and somebody may have published it once more."""
    DAMAGED = 3
    """It was published, and what is stored is not what came."""


class _Cut(Exception):
    """The topic is not any more what we have read of it."""


class Occupied(Transient):
    """Somebody else works on the same arrival, and does not come to an end."""


class Arrivals:
    """One process's door to the view, of which several may use the same; thread-safe. At most one thread of all of
    them at a time works on the same arrival."""

    def __init__(self, path: Path) -> None:
        self._path, self._db = path, sqlite.opened(path, synced=False)
        self._lock = threading.Lock()
        sqlite.give_tables(self._db, SCHEMA, VERSION)
        self._busy: set[tuple[str, str]] = set()
        self._free = threading.Condition()
        self._claims = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)

    def catch_up(
        self,
        ends: Callable[[], Offsets],
        read: Callable[[Offsets], Iterable[Record]],
        progress: Callable[[], None] = lambda: None,
    ) -> int:
        """Take in what the topic holds beyond our position; returns how many records that were.

        `ends`: those of all partitions, as they are when it is called. `progress` is called now and then: it may take
        minutes, and what was read is kept when it breaks off. When our position is beyond the topic's end, or the
        record before it is not the one that we read, then the topic was cut, and everything is read again. Others may
        catch up at the same time. Raises Transient when one of them has thrown away the view meanwhile, and what `ends`
        and `read` raise.
        """
        with self._lock:
            taken: Offsets = dict(self._positions())
        # The ends after the positions: somebody who has read what came between is not beyond them.
        if _beyond(taken, ends()):
            self._begin_anew(taken)
            taken = {}
        count, records = 0, iter(read(_one_before(taken)))
        # Others write meanwhile, so no transaction is open while the broker is waited for.
        while some := list(islice(records, _AT_ONCE)):
            try:
                with self._lock, self._transaction():
                    self._compare(some)
                    news = [record for record in some if record.offset >= taken.get(_place(record), 0)]
                    taken = self._take(news, taken)
            except _Cut:
                self._begin_anew(taken)
                count, records, taken = 0, iter(read({})), {}
            else:
                count += len(news)
            progress()
        return count

    def standing(self, site: str, digest: str) -> Standing | None:
        """None for what is not known at all."""
        query = "SELECT doubt FROM arrival WHERE digest = ? AND site = ?"
        with self._lock:
            found = self._db.execute(query, (bytes.fromhex(digest), site)).fetchone()
        return found and Standing(found[0])

    def add(self, site: str, digest: str, sop_instance_uid: str) -> bool:
        """This arrival has been published. Whether the site has sent another one under the same SOP Instance UID."""
        with self._lock:
            return self._insert(site, digest, sop_instance_uid, time.time())

    def missing(self, site: str, digest: str, since: float) -> bool:
        """Whether the topic lacks what we noted: it has been read since then (Unix time), and had it not. So a broker
        that has lost what it acknowledged is found out."""
        query = "SELECT noted FROM arrival WHERE digest = ? AND site = ? AND NOT doubt"
        with self._lock:
            found = self._db.execute(query, (bytes.fromhex(digest), site)).fetchone()
        return found is None or (found[0] is not None and found[0] < since)

    def doubt(self, site: str, digest: str, sop_instance_uid: str) -> None:
        """This arrival is about to be published. Whether it was is not known until it is added."""
        instance = _instance(site, sop_instance_uid)
        with self._lock:
            self._db.execute(_DOUBTED, (bytes.fromhex(digest), site, instance))

    def doubts(self) -> int:
        """Of how many that is not known."""
        query = "SELECT count(*) FROM arrival WHERE doubt AND doubt <> 3"
        with self._lock:
            return int(self._db.execute(query).fetchone()[0])

    def damaged(self, site: str, digest: str) -> bool:
        """What is stored of this arrival is not what came, so it is taken again. Whether it had been published."""
        mark = "UPDATE arrival SET doubt = 3 WHERE digest = ? AND site = ? AND doubt <> 1"
        with self._lock:
            return self._db.execute(mark, (bytes.fromhex(digest), site)).rowcount > 0

    def of_instance(self, site: str, sop_instance_uid: str) -> list[str]:
        """The digests of all that was ever published of what the site has sent under that SOP Instance UID."""
        query = "SELECT digest FROM arrival WHERE instance = ? AND site = ? AND doubt <> 1 ORDER BY digest"
        with self._lock:
            found = self._db.execute(query, (_instance(site, sop_instance_uid), site)).fetchall()
        return [digest.hex() for (digest,) in found]

    @contextmanager
    def alone(self, site: str, digest: str, seconds: float) -> Iterator[None]:
        """Wait until nobody else works on the same arrival, in this process or another, then keep it to ourselves.

        Raises Occupied when that takes longer: whoever works on it may hang, with the disk.
        """
        this, until = (site, digest), time.monotonic() + seconds
        with self._free:
            if not self._free.wait_for(lambda: this not in self._busy, seconds):
                raise Occupied("occupied")
            self._busy.add(this)
        try:
            with self._claimed(site, digest, until):
                yield
        finally:
            with self._free:
                self._busy.remove(this)
                self._free.notify_all()

    def close(self) -> None:
        """Close the files."""
        os.close(self._claims)
        self._db.close()

    def settle(self) -> None:
        """Close the files, the last of all processes, with all on the disk."""
        os.close(self._claims)
        scratch.settled(self._path, self._db)

    @contextmanager
    def _claimed(self, site: str, digest: str, until: float) -> Iterator[None]:
        """Hold one byte of a file, whose place site and digest say: the kernel lets go of it when a process dies."""
        place = int.from_bytes(blake2b(f"{site} {digest}".encode(), digest_size=7).digest())
        while not self._lock_byte(fcntl.F_WRLCK, place):
            if time.monotonic() > until:
                raise Occupied("occupied by another process")
            time.sleep(_LOOK_AGAIN)
        try:
            yield
        finally:
            self._lock_byte(fcntl.F_UNLCK, place)

    def _lock_byte(self, kind: int, place: int) -> bool:
        """Whether that was possible at once: the call that waits has no time-out."""
        try:
            fcntl.fcntl(self._claims, fcntl.F_OFD_SETLK, _LOCK.pack(kind, os.SEEK_SET, place, 1, 0))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _transaction(self) -> AbstractContextManager[None]:
        return sqlite.transaction(self._db)

    def _positions(self) -> Iterator[tuple[tuple[str, int], int]]:
        for topic, part, next_offset in self._db.execute("SELECT topic, part, next FROM position"):
            yield (topic, part), next_offset

    def _compare(self, records: Iterable[Record]) -> None:
        """Raises _Cut when the record before one of our positions is not the one that we read there."""
        found = self._db.execute("SELECT topic, part, next, epoch, stamp FROM position").fetchall()
        last = {(topic, part, next_offset - 1): tuple(mark) for topic, part, next_offset, *mark in found}
        for record in records:
            place = (*_place(record), record.offset)
            if last.get(place, _mark(record)) != _mark(record):
                raise _Cut

    def _begin_anew(self, found: Offsets) -> None:
        """Throw all away, unless the positions are others by now than those that were found wrong."""
        with self._lock, self._transaction():
            if dict(self._positions()) != found:
                raise Transient("the view is another one by now")
            for table in TABLES:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - ours

    def _take(self, records: Iterable[Record], taken: Offsets) -> Offsets:
        """Take in what goes on at `taken`, of which others may have taken some before; where it ends.

        Raises Transient when the view ends before `taken`: what is between would never be read.
        """
        stored, reached = dict(self._positions()), dict(taken)
        last: dict[tuple[str, int], tuple[int | None, float]] = {}
        if _beyond(taken, stored):
            raise Transient("the view was thrown away meanwhile")
        for record in records:
            where = _place(record)
            reached[where], last[where] = record.offset + 1, _mark(record)
            # What was taken before may be announced once more by now, and this is not that announcement.
            if record.offset >= stored.get(where, 0):
                self._learn(record)
        moved = [(*at, reached[at], *mark) for at, mark in last.items() if reached[at] > stored.get(at, 0)]
        self._db.executemany("INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?, ?)", moved)
        return reached

    def _learn(self, record: Record) -> None:
        try:
            event = decode(record.topic, record.value, record.headers)
        except UndecodableEvent:
            # The anonymiser dead-letters it; for us it is no arrival.
            event = None
        if isinstance(event, InstanceReceived):
            self._insert(event.site, event.digest, event.sop_instance_uid, None)

    def _insert(self, site: str, digest: str, sop_instance_uid: str, noted: float | None) -> bool:
        """As `add`. `noted`: when, by ourselves; None for what the topic tells."""
        values = (bytes.fromhex(digest), site, _instance(site, sop_instance_uid), noted)
        return bool(self._db.execute(_PUBLISHED, values).fetchone()[0])


def _beyond(positions: Offsets, ends: Offsets) -> bool:
    """Whether one of them lies beyond its end."""
    return any(position > ends.get(where, 0) for where, position in positions.items())


def _one_before(positions: Offsets) -> Offsets:
    """Where to begin, so that the last record that was read comes once more."""
    return {where: position - 1 for where, position in positions.items()}


def _place(record: Record) -> tuple[str, int]:
    return record.topic, record.partition


def _mark(record: Record) -> tuple[int | None, float]:
    """Which record it is of all that ever had its offset."""
    return record.leader_epoch, record.timestamp.timestamp()


def _instance(site: str, sop_instance_uid: str) -> bytes:
    return blake2b(f"{site} {sop_instance_uid}".encode(), digest_size=16).digest()
