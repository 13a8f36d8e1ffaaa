"""How rows get into a table: staged by COPY, then merged by one statement."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

from psycopg.sql import SQL, Composable, Composed, Identifier


@dataclass(frozen=True, slots=True)
class Table:
    """A table, the columns of its rows, its key, and what happens when the key is there already."""

    name: str
    fields: tuple[str, ...]
    key: tuple[str, ...]
    on_conflict: Composable

    @property
    def stage(self) -> Composed:
        """Makes the session's staging table; emptied by the end of each transaction."""
        return self._filled("CREATE TEMP TABLE {staged} ON COMMIT DELETE ROWS AS SELECT {columns} FROM {table} LIMIT 0")

    @property
    def copy(self) -> Composed:
        """Takes rows into the staging table."""
        return self._filled("COPY {staged} ({columns}) FROM STDIN")

    @property
    def merge(self) -> Composed:
        """Takes them on. Every worker takes the keys in the same order, so that two never wait for each other."""
        return self._filled(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM {staged} "
            "ORDER BY {key} ON CONFLICT ({key}) {on_conflict}"
        )

    def _filled(self, template: LiteralString) -> Composed:
        return SQL(template).format(
            table=Identifier(self.name),
            staged=Identifier(f"staged_{self.name}"),
            columns=names(self.fields),
            key=names(self.key),
            on_conflict=self.on_conflict,
        )


def names(columns: Iterable[str], side: str | None = None) -> Composed:
    """Columns with commas between them, of the table `side` where it has to be said."""
    return SQL(", ").join(Identifier(column) if side is None else Identifier(side, column) for column in columns)
