"""Wires the indexer together and runs it; with the argument `migrate` brings the schema up to date instead."""

import sys

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
    InstanceIndexed,
    InstanceRejected,
    InstanceThumbnailed,
    InstanceValidated,
)
from shared.kafka import KafkaLog
from shared.runner import DeadLetters, Runner, Stage, Whole
from shared.service import RELEASE, NotFit, running
from shared.settings import DatabaseSettings

READS = (InstanceAnonymised.topic, InstanceValidated.topic, InstanceRejected.topic, InstanceThumbnailed.topic)
AGAIN = (CleanRequeued.topic,)
WRITES = (InstanceIndexed.topic, InstanceRejected.topic, CleanDeadLetter.topic, CleanLetterSettled.topic)


def main() -> None:
    settings = IndexerSettings()
    database = Database(settings.database_url.get_secret_value())
    with running(STAGE, settings) as service:
        clean = storage.open_bucket(settings, "clean")
        service.verify_topics((*READS, *AGAIN, *WRITES))
        service.verify("store", lambda: storage.probe(clean, settings.s3_access_key or STAGE, writes=False))
        service.verify("database", lambda: verify_schema(database))
        stage = Stage(
            name=STAGE,
            handling=Whole(STAGE, Indexer(database=database, clean=clean)),
            dead_letters=DeadLetters(STAGE, RELEASE),
            batch_size=settings.batch_size,
        )
        source = KafkaLog(
            settings.kafka_bootstrap_servers, STAGE, settings.instance, READS, bulk=AGAIN, lost=settings.lost_offsets
        )
        Runner(stage, source, service.health, service.stop).run()
        database.close()


def verify_schema(database: Database) -> None:
    found, needed = database.revision(), newest()
    if found != needed:
        raise NotFit(f"the database has schema {found}, not {needed}: run `python -m services.indexer migrate`")


def main_migrate() -> None:
    before, after = migrate(DatabaseSettings().database_url.get_secret_value())
    sys.stdout.write(f"database schema: {before or 'none'} -> {after}\n")


if __name__ == "__main__":
    main_migrate() if sys.argv[1:] == ["migrate"] else main()
