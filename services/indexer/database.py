"""The one connection to PostgreSQL, made anew when it was lost, and what is done in one transaction on it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg import errors

from services.indexer.tables import CLAIM, EPOCHS, ERASED, HELD_EPOCHS, OWNERS, TABLES, Table
from services.indexer.uniqueness import Owner
from shared.kafka.log import Where
from shared.outcome import Fenced, Transient

CONNECT_TIMEOUT = 5
"""Seconds."""

SESSION = "-c statement_timeout=30s -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"
"""So that neither a lost worker holds up the others nor a stuck server us for ever."""

AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.InsufficientPrivilege,
    errors.ReadOnlySqlTransaction,
)
"""The database is away, full, busy, a standby, or its grants are not right: all of that can be mended."""

TOO_MUCH = (errors.ProgramLimitExceeded, errors.StatementTooComplex)
"""Operational errors to psycopg, yet the same values would meet them for ever."""


class Transaction:
    """One transaction; `now` is its time by the database's clock."""

    def __init__(self, connection: psycopg.Connection[Any], now: datetime) -> None:
        self.now = now
        self._connection = connection

    def merge(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add the rows to the table, one per key at most; what happens to known keys is the table's rule."""
        if not rows:
            return
        with self._connection.cursor() as cursor:
            with cursor.copy(table.copy) as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(table.merge)

    def epochs(self, partitions: Iterable[Where]) -> dict[Where, int]:
        """The epoch of each partition; 0 where nobody has claimed it."""
        return self._epochs(EPOCHS, partitions)

    def claim(self, seen: Mapping[Where, int], owner: str) -> None:
        """Each partition gets the epoch after the one that was `seen`. Raises `Fenced` when one has another by now."""
        for (topic, partition), epoch in sorted(seen.items()):
            if self._connection.execute(CLAIM, [topic, partition, epoch + 1, owner]).rowcount == 0:
                raise Fenced

    def hold(self, epochs: Mapping[Where, int]) -> None:
        """Until this transaction ends nobody else claims these partitions. Raises `Fenced` when somebody has."""
        if epochs and self._epochs(HELD_EPOCHS, epochs) != epochs:
            raise Fenced

    def erased(self, arrivals: Iterable[str]) -> set[str]:
        """Those of `arrivals` that are never let in again. Until this transaction ends no other is marked so."""
        return {arrival for (arrival,) in self._connection.execute(ERASED, [list(arrivals)])}

    def _epochs(self, question: LiteralString, partitions: Iterable[Where]) -> dict[Where, int]:
        asked = dict.fromkeys(partitions, 0)
        topics, numbers = [topic for topic, _ in asked], [number for _, number in asked]
        found = self._connection.execute(question, [topics, numbers])
        return asked | {(topic, number): epoch for topic, number, epoch in found}

    def owners(self, uids: Sequence[str]) -> dict[str, Owner]:
        """Who has these SOP Instance UIDs."""
        found = self._connection.execute(OWNERS, [list(uids)]) if uids else ()
        return {uid: Owner(arrival, digest) for uid, arrival, digest in found}


class Database:
    """The clean side's database, as the role that owns it. For one thread at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All or nothing. Raises `Transient` when the database is away; the next call connects again."""
        try:
            with _failures():
                connection = self._connected()
                with connection.transaction():
                    yield Transaction(connection, _now(connection))
        except Transient:
            self.close()
            raise

    def revision(self) -> str | None:
        """What alembic says of the schema; None when there is none. Raises `Transient`."""
        with _failures(), _connect(self._url) as connection:
            there = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
            if there != (True,):
                return None
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return None if found is None else str(found[0])

    def close(self) -> None:
        """End the connection, whatever state it is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            connection = _connect(self._url)
            for table in TABLES:
                connection.execute(table.stage)
            self._connection = connection
        return self._connection


def _connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(
        url, autocommit=True, connect_timeout=CONNECT_TIMEOUT, options=SESSION, application_name="indexer"
    )


def _now(connection: psycopg.Connection[Any]) -> datetime:
    (now,) = next(iter(connection.execute("SELECT transaction_timestamp()")))
    moment: datetime = now
    return moment


@contextmanager
def _failures() -> Iterator[None]:
    """Turn "away" into `Transient`. The texts of these errors quote values and addresses: only their kind is kept."""
    try:
        yield
    except TOO_MUCH:
        raise
    except AWAY as away:
        raise Transient(type(away).__name__) from None
