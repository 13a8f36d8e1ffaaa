"""The identified zone's database, and what the bookkeeper asks of it within a transaction."""

from collections.abc import Iterable, Mapping

from services.bookkeeper.tables import (
    COUNTS,
    FORGET,
    HELD_POSITIONS,
    JUDGE,
    LETTERED,
    OPEN_LETTERS,
    POSITION,
    POSITIONS,
    TABLES,
)
from shared.database import connection
from shared.kafka import Position

Positions = Mapping[tuple[str, int], Position]
"""By topic and partition."""


class Transaction(connection.Transaction):
    """One transaction; `now` is its time by the database's clock."""

    def positions(self, hold: bool = False) -> dict[tuple[str, int], Position]:
        """How far each partition was read. `hold`: until this transaction ends nobody else moves them."""
        found = self._connection.execute(HELD_POSITIONS if hold else POSITIONS)
        return {(topic, partition): Position(*position) for topic, partition, *position in found}

    def move(self, positions: Positions) -> None:
        """Note how far the partitions have been read."""
        self.merge(POSITION, [(*where, *position) for where, position in positions.items()])

    def lettered(self, letters: Iterable[str]) -> list[str]:
        """The arrivals that these dead letters are about."""
        return [arrival for (arrival,) in self._connection.execute(LETTERED, [list(letters)])]

    def forget(self, arrivals: Iterable[str]) -> None:
        """Of those that were erased, what tells more than that they came."""
        touched = list(arrivals)
        for statement in FORGET:
            self._connection.execute(statement, [touched])

    def judge(self, arrivals: Iterable[str]) -> None:
        """Set the state of these lines to what follows from the facts."""
        self._connection.execute(JUDGE, [list(arrivals)])

    def lines(self) -> dict[tuple[str, str], int]:
        """How many there are, by site and state."""
        return {(site, state): count for site, state, count in self._connection.execute(COUNTS)}

    def open_letters(self) -> dict[tuple[str, str], int]:
        """How many there are, by stage and reason."""
        return {(stage, reason): count for stage, reason, count in self._connection.execute(OPEN_LETTERS)}


class Database(connection.Connected[Transaction]):
    """The identified zone's database, as the role that owns it. For one thread."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "bookkeeper", TABLES, Transaction)
