"""Which arrivals have come to an end, as the topics tell it: read once after an unclean start, and thrown away."""

import base64
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Self, get_args

from shared.events import (
    CleanDeadLetter,
    DeadLetter,
    Event,
    IdentifiedDeadLetter,
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    InstanceIndexed,
    InstanceRejected,
    InstanceThumbnailed,
)
from shared.events.envelope import UndecodableEvent, decode
from shared.kafka import Record

_Step = (
    IdentifiedInstanceQuarantined
    | IdentifiedInstanceRejected
    | InstanceIndexed
    | InstanceRejected
    | InstanceThumbnailed
)
TOPICS = tuple(model.topic for model in (*get_args(_Step), CleanDeadLetter, IdentifiedDeadLetter))
_INDEXED, _PICTURED, _ENDED = 1, 2, 3
"""Who is let in has to be in the index and at the thumbnailer; each of the other ends is one by itself."""


class Ends:
    """Found in a file, because a node may have received more than fits into memory."""

    def __init__(self, path: Path) -> None:
        """Whatever is at `path` is replaced."""
        path.unlink(missing_ok=True)
        self._path = path
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("CREATE TABLE steps (arrival BLOB PRIMARY KEY, done INTEGER) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._path.unlink(missing_ok=True)

    def take(self, records: Iterable[Record]) -> None:
        """What these say; they are of TOPICS."""
        self._add(step for record in records for step in _steps(record))

    def goes_again(self, arrival: str) -> None:
        """It has been sent through once more, so what comes of it is the stages' affair."""
        self._add([(bytes.fromhex(arrival), _ENDED)])

    def has(self, arrival: str) -> bool:
        """Whether nothing more is to come of it."""
        found = self._db.execute("SELECT done FROM steps WHERE arrival = ?", (bytes.fromhex(arrival),)).fetchone()
        return found is not None and found[0] == _ENDED

    def _add(self, steps: Iterable[tuple[bytes, int]]) -> None:
        upsert = "INSERT INTO steps VALUES (?, ?) ON CONFLICT DO UPDATE SET done = done | excluded.done"
        self._db.executemany(upsert, steps)


def _steps(record: Record) -> Iterable[tuple[bytes, int]]:
    try:
        event = decode(record.topic, record.value, record.headers)
        arrival = bytes.fromhex(_arrival(event))
    except (UndecodableEvent, ValueError):
        return []  # it tells of nothing that we know
    return [(arrival, {InstanceIndexed: _INDEXED, InstanceThumbnailed: _PICTURED}.get(type(event), _ENDED))]


def _arrival(event: Event) -> str:
    """Raises ValueError where there is none."""
    if isinstance(event, _Step):
        return event.arrival
    told = json.loads(base64.b64decode(event.record_value or "")) if isinstance(event, DeadLetter) else None
    if not isinstance(told, dict) or not isinstance(told.get("arrival"), str):
        raise ValueError("no arrival")
    return str(told["arrival"])
