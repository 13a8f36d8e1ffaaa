"""Claims to partitions, in the database that the indexer writes: what is written under an older one is refused."""

from collections.abc import Iterable, Mapping

from services.indexer.database import Database
from shared.kafka.log import Where


class PartitionClaims:
    """As `shared.kafka.Claims`. Shares the handler's connection: nothing is claimed while a batch is in hand."""

    def __init__(self, database: Database, owner: str) -> None:
        """`owner`: this worker's name, for those who look."""
        self._database = database
        self._owner = owner

    def newest(self, partitions: Iterable[Where]) -> dict[Where, int]:
        """The epoch of each; 0 where nobody has claimed. Raises `Transient`."""
        with self._database.transaction() as transaction:
            return transaction.epochs(partitions)

    def take(self, seen: Mapping[Where, int]) -> None:
        """Each gets the epoch after the one that was `seen`, all or none. Raises `Fenced`, `Transient`."""
        with self._database.transaction() as transaction:
            transaction.claim(seen, self._owner)
