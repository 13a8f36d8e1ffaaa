"""Reads PostgreSQL over a few kept connections; never writes."""

import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row, tuple_row

from shared.outcome import Transient

Row = dict[str, Any]
CONNECTIONS = 8
WAIT_SECONDS = 5
OPTIONS = "-c default_transaction_read_only=on -c statement_timeout=15000"


class Database:
    """Answers statements. Raises `Transient` when PostgreSQL is away, too slow, or has no connection free."""

    def __init__(self, url: str, connections: int = CONNECTIONS) -> None:
        self._url = url
        # Holds a connection or, where none has been opened yet, None: taking one out is the right to use it.
        self._free: queue.LifoQueue[psycopg.Connection[Any] | None] = queue.LifoQueue()
        for _ in range(connections):
            self._free.put(None)

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """The rows as dictionaries by column name."""
        with self._cursor(dict_row) as cursor:
            return list(cursor.execute(sql.encode(), parameters).fetchall())

    def fetch_tuples(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows as tuples, for statements that name a column twice or not at all."""
        with self._cursor(tuple_row) as cursor:
            return list(cursor.execute(sql.encode(), parameters).fetchall())

    def close(self) -> None:
        """Close what is free; what is in use closes when it comes back broken."""
        while not self._free.empty():
            if (connection := self._free.get_nowait()) is not None:
                connection.close()

    @contextmanager
    def _cursor(self, rows: Any) -> Iterator[psycopg.Cursor[Any]]:
        try:
            connection = self._free.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise Transient("no database connection became free") from None
        kept: psycopg.Connection[Any] | None = None
        try:
            # A restart of the server breaks the idle connections: find that out now and not in the statement.
            kept = connection if connection is not None and _alive(connection) else self._connect()
            with kept.cursor(row_factory=rows) as cursor:
                yield cursor
        except psycopg.OperationalError as error:
            if kept is not None:
                kept.close()
                kept = None
            raise Transient(f"the database does not answer ({type(error).__name__})") from None
        finally:
            self._free.put(kept if kept is not None and not kept.closed else None)

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._url, autocommit=True, connect_timeout=WAIT_SECONDS, options=OPTIONS)


def _alive(connection: psycopg.Connection[Any]) -> bool:
    try:
        connection.execute(b"SELECT 1")
    except psycopg.OperationalError:
        connection.close()
        return False
    return True
