"""The clean side's database, and what the indexer asks of it within a transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import LiteralString

from services.indexer import tables
from services.indexer.tables import CLAIM, EPOCHS, ERASED, HELD_EPOCHS, OWNERS, TABLES
from services.indexer.uniqueness import Owner
from shared.database import connection
from shared.kafka.log import Where
from shared.outcome import Fenced


class Transaction(connection.Transaction):
    """One transaction; `now` is its time by the database's clock."""

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

    def erase(self, arrivals: Iterable[str], digests: Iterable[str]) -> None:
        """Never let these arrivals in again, and take out what is in of them; `digests`: of their clean bytes.

        To be called before anything else that waits for others; all others wait until this transaction ends.
        """
        marked = list(arrivals)
        self._connection.execute(tables.HELD_MARKS)
        self._connection.execute(tables.MARK, [marked])
        gone = self._connection.execute(tables.GONE, [marked]).fetchall()
        self._connection.execute(tables.GONE_JOURNEYS, [marked])
        self._connection.execute(tables.GONE_PICTURES, [sorted({*digests, *(row[0] for row in gone)})])
        studies = sorted({row[1] for row in gone})
        self._connection.execute(tables.GONE_SERIES, [studies])
        self._connection.execute(tables.GONE_STUDIES, [studies])
        patients = sorted({(row[2], row[3]) for row in gone})
        projects, ids = [project for project, _ in patients], [patient for _, patient in patients]
        self._connection.execute(tables.GONE_PATIENTS, [projects, ids])

    def _epochs(self, question: LiteralString, partitions: Iterable[Where]) -> dict[Where, int]:
        asked = dict.fromkeys(partitions, 0)
        topics, numbers = [topic for topic, _ in asked], [number for _, number in asked]
        found = self._connection.execute(question, [topics, numbers])
        return asked | {(topic, number): epoch for topic, number, epoch in found}

    def owners(self, uids: Sequence[str]) -> dict[str, Owner]:
        """Who has these SOP Instance UIDs."""
        found = self._connection.execute(OWNERS, [list(uids)]) if uids else ()
        return {uid: Owner(arrival, digest) for uid, arrival, digest in found}


class Database(connection.Connected[Transaction]):
    """The clean side's database, as the role that owns it. For one thread at a time."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "indexer", TABLES, Transaction)
