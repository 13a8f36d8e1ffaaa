"""The one connection to PostgreSQL, made anew when it was lost, and what is done in one transaction on it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import psycopg
from psycopg import errors

from services.indexer.tables import OWNERS, TABLES, Table
from services.indexer.uniqueness import Owner
from shared.outcome import Transient

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

    def owners(self, uids: Sequence[str]) -> dict[str, Owner]:
        """Who has these SOP Instance UIDs."""
        found = self._connection.execute(OWNERS, [list(uids)]) if uids else ()
        return {uid: Owner(arrival, digest) for uid, arrival, digest in found}


class Database:
    """The clean side's database, as the role that owns it. For one thread."""

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
