"""A service's one connection to PostgreSQL, made anew when it was lost, and what is done in one transaction on it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

import psycopg
from psycopg import errors

from shared.database.table import Table
from shared.outcome import Transient

Kinds = tuple[type[psycopg.Error], ...]

CONNECT_TIMEOUT = 5
"""Seconds."""

AWAY: Kinds = (psycopg.OperationalError, psycopg.InterfaceError, errors.InsufficientPrivilege)
"""The database is away, full or busy, or its grants are not right: all of that can be mended."""

SESSION = "-c statement_timeout=30s -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"
"""So that neither a lost worker holds up the others nor a stuck server us for ever."""

STANDBY = (errors.ReadOnlySqlTransaction,)
"""Can be mended too."""

TOO_MUCH = (errors.ProgramLimitExceeded, errors.StatementTooComplex)
"""Operational errors to psycopg, yet the same values would meet them for ever."""


@contextmanager
def transient(also: Kinds = (), but: Kinds = ()) -> Iterator[None]:
    """Turn AWAY, and what can be mended `also`, into `Transient`; `but` these, which psycopg counts among them.

    The texts of these errors quote values and addresses: only their kind is kept.
    """
    mendable: Kinds = AWAY + also
    try:
        yield
    except but:
        raise
    except mendable as away:
        raise Transient(type(away).__name__) from None


_failures = partial(transient, also=STANDBY, but=TOO_MUCH)


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


T = TypeVar("T", bound=Transaction)


class Connected(Generic[T]):
    """A database as the role that writes it, in transactions of the kind `begin`. For one thread."""

    def __init__(
        self, url: str, service: str, tables: Sequence[Table], begin: Callable[[psycopg.Connection[Any], datetime], T]
    ) -> None:
        self._url = url
        self._service = service
        self._tables = tables
        self._begin = begin
        self._connection: psycopg.Connection[Any] | None = None

    @contextmanager
    def transaction(self) -> Iterator[T]:
        """All or nothing. Raises `Transient` when the database is away; the next call connects again."""
        try:
            with _failures():
                connection = self._connected()
                with connection.transaction():
                    yield self._begin(connection, _now(connection))
        except Transient:
            self.close()
            raise

    def revision(self) -> str | None:
        """What alembic says of the schema; None when there is none. Raises `Transient`."""
        with _failures(), self._connect() as connection:
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
            connection = self._connect()
            for table in self._tables:
                connection.execute(table.stage)
            self._connection = connection
        return self._connection

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT,
            options=SESSION,
            application_name=self._service,
        )


def _now(connection: psycopg.Connection[Any]) -> datetime:
    (now,) = next(iter(connection.execute("SELECT transaction_timestamp()")))
    moment: datetime = now
    return moment
