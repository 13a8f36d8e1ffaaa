"""The clean side's database, and what the indexer asks of it within a transaction."""

from collections.abc import Sequence

from services.indexer.tables import OWNERS, TABLES
from services.indexer.uniqueness import Owner
from shared.database import connection


class Transaction(connection.Transaction):
    """One transaction; `now` is its time by the database's clock."""

    def owners(self, uids: Sequence[str]) -> dict[str, Owner]:
        """Who has these SOP Instance UIDs."""
        found = self._connection.execute(OWNERS, [list(uids)]) if uids else ()
        return {uid: Owner(arrival, digest) for uid, arrival, digest in found}


class Database(connection.Connected[Transaction]):
    """The clean side's database, as the role that owns it. For one thread."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "indexer", TABLES, Transaction)
