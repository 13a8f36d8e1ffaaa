"""The witnesses of a node, from where they are."""

from collections.abc import Callable
from pathlib import Path

from services.bookkeeper.reconciling.catching_up import KafkaTopics
from services.bookkeeper.reconciling.reconcile import Witnesses
from services.bookkeeper.telling import FOLLOWED
from shared.database.reading import Reader
from shared.dicom.raw_object import Arrived
from shared.storage import Store

TOPICS = tuple(event.topic for event in FOLLOWED)


def witnesses(
    *,
    ledger: str,
    index: str,
    bootstrap: str,
    bucket: Callable[[str], Store],
    accounts: Path | None,
    arrival: Callable[[Arrived], str | None] = lambda of: None,
) -> Witnesses:
    """`ledger`, `index`: URLs of the databases; `bootstrap`: brokers; `bucket`: opens one; the rest as in Witnesses."""
    return Witnesses(
        ledger=Reader(ledger),
        index=Reader(index),
        topics=KafkaTopics(bootstrap, TOPICS),
        identified=bucket("identified"),
        clean=bucket("clean"),
        derived=bucket("derived"),
        accounts=accounts,
        arrival=arrival,
    )
