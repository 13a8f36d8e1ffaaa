"""A database that is read and never written."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import psycopg
from psycopg import errors

from shared.database.connection import CONNECT_TIMEOUT, transient

OPTIONS = "-c default_transaction_read_only=on -c timezone=UTC -c statement_timeout=600s -c jit=off"
FETCHED = 5000
"""Rows that a stream has in memory."""

UNFINISHED = (errors.UndefinedTable,)
"""Somebody has to migrate it first: that tells nothing about the books."""

Row = tuple[Any, ...]


_failures = partial(transient, also=UNFINISHED)


class Reader:
    """One database, as one role. For one thread. Everything raises Transient when it is away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None

    def rows(self, statement: str, **parameters: Any) -> list[Row]:
        """All of them; the statement names its parameters, `%(name)s`."""
        with _failures():
            return self._connected().execute(statement.encode(), parameters).fetchall()

    def streamed(self, statement: str, **parameters: Any) -> Iterator[Row]:
        """Some at a time, as they were when it began, on a connection of its own."""
        with (
            _failures(),
            psycopg.connect(self._url, connect_timeout=CONNECT_TIMEOUT, options=OPTIONS) as connection,
            connection.cursor("stream") as cursor,
        ):
            cursor.itersize = FETCHED
            cursor.execute(statement.encode(), parameters)
            yield from cursor

    def close(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url, autocommit=True, connect_timeout=CONNECT_TIMEOUT, options=OPTIONS
            )
        return self._connection
