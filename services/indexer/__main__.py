"""Wires the indexer together and runs it; with the argument `migrate` brings the schema up to date instead."""

import sys

from services.indexer.claims import PartitionClaims
from services.indexer.database import Database
from services.indexer.handler import STAGE, Indexer
from services.indexer.migrate import migrate, newest
from services.indexer.settings import IndexerSettings
from shared import storage
from shared.events import (
    CleanDeadLetter,
    CleanLetterSettled,
    CleanRequeued,
    InstanceAnonymised,
    InstanceAnonymisedInBulk,
    InstanceIndexed,
    InstanceRejected,
    InstanceRetracted,
    InstanceThumbnailed,
    InstanceValidated,
    InstanceValidatedInBulk,
)
from shared.runner import Whole
from shared.service import NotFit, running
from shared.settings import DatabaseSettings
from shared.stage import run_stage

READS = (
    InstanceAnonymised.topic,
    InstanceValidated.topic,
    InstanceRejected.topic,
    InstanceThumbnailed.topic,
    InstanceRetracted.topic,
)
BULK = (InstanceAnonymisedInBulk.topic, InstanceValidatedInBulk.topic)
AGAIN = (CleanRequeued.topic,)
WRITES = (InstanceIndexed.topic, InstanceRejected.topic, CleanDeadLetter.topic, CleanLetterSettled.topic)


def main() -> None:
    settings = IndexerSettings()
    database = Database(settings.database_url.get_secret_value())
    with running(STAGE, settings) as service:
        clean = storage.open_bucket(settings, "clean")
        service.verify_topics((*READS, *BULK, *AGAIN, *WRITES))
        service.verify("store", lambda: storage.probe(clean, settings.s3_access_key or STAGE, writes=False))
        service.verify("database", lambda: verify_schema(database))
        handling = Whole(STAGE, Indexer(database=database, clean=clean))
        claims = PartitionClaims(database, settings.instance)
        run_stage(service, settings, handling, reads=READS, bulk=BULK, again=AGAIN, claims=claims)
        database.close()


def verify_schema(database: Database) -> None:
    """A later one will do: migrations only add, so that workers of two releases can write side by side."""
    found, needed = database.revision() or "", newest() or ""
    if found < needed:
        raise NotFit(f"the database has schema {found or None}, not {needed}: run `python -m services.indexer migrate`")


def main_migrate() -> None:
    before, after = migrate(DatabaseSettings().database_url.get_secret_value())
    sys.stdout.write(f"database schema: {before or 'none'} -> {after}\n")


if __name__ == "__main__":
    main_migrate() if sys.argv[1:] == ["migrate"] else main()
