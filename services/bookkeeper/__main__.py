"""Wires the bookkeeper together and runs it; with the argument `migrate` brings the schema up to date instead."""

import sys
from datetime import UTC, datetime
from functools import partial

from services.bookkeeper.database import Database
from services.bookkeeper.following import Bookkeeper
from services.bookkeeper.handler import Books, Overtaken
from services.bookkeeper.migrate import migrate, newest
from services.bookkeeper.reconciling.node import witnesses
from services.bookkeeper.reconciling.rounds import Often, Rounds
from services.bookkeeper.reconciling.witnessed import Witnessed
from services.bookkeeper.report import Report
from services.bookkeeper.settings import BookkeeperSettings
from services.bookkeeper.telling import FOLLOWED
from shared.events import BooksReconciled, Outgoing
from shared.events.envelope import encode
from shared.kafka import Following, Output, record_at
from shared.kafka.publisher import Publisher
from shared.service import NotFit, Service, running
from shared.settings import DatabaseSettings
from shared.storage import open_bucket

NAME = "bookkeeper"
READS = tuple(model.topic for model in FOLLOWED)
WRITES = (BooksReconciled.topic,)
PUBLISH_SECONDS = 30.0
"""Until an event that the broker does not take is given up: the next reconciliation says it anew."""


def main() -> None:
    settings = BookkeeperSettings()
    bootstrap = settings.kafka_bootstrap_servers
    database = Database(settings.database_url.get_secret_value())
    with running(NAME, settings) as service:
        service.verify_topics(READS + WRITES)
        service.verify("database", lambda: verify_schema(database))
        report = Report()
        books = Books(database=database, record_at=partial(record_at, bootstrap), report=report)
        keeper = Bookkeeper(service, database, books, report)
        rounds = reconciling(settings, service)
        topics = Following(bootstrap, NAME, READS, books.open())
        try:
            rounds.start()
            keeper.run(topics, settings.batch_size, settings.batch_seconds)
        except Overtaken:
            raise NotFit("somebody else writes this ledger: it is kept by one at a time") from None
        finally:
            topics.close()
            database.close()


def reconciling(settings: BookkeeperSettings, service: Service) -> Rounds:
    """The books against their witnesses, now and then."""
    asked = witnesses(
        ledger=settings.database_url.get_secret_value(),
        index=settings.index_url.get_secret_value(),
        bootstrap=settings.kafka_bootstrap_servers,
        bucket=partial(open_bucket, settings),
        accounts=settings.accounts_dir,
    )
    publisher = Publisher(settings.kafka_bootstrap_servers, PUBLISH_SECONDS)

    def publish(outgoing: Outgoing) -> None:
        value, headers = encode(outgoing, NAME, datetime.now(UTC))
        publisher.publish(Output(outgoing.event.topic, outgoing.key, value, tuple(headers)))

    often = Often(settings.reconcile_seconds, settings.walk_seconds)
    return Rounds(asked, often, Witnessed(publish), service.stop)


def verify_schema(database: Database) -> None:
    found, needed = database.revision(), newest()
    if found != needed:
        raise NotFit(f"the database has schema {found}, not {needed}: run `python -m services.bookkeeper migrate`")


def main_migrate() -> None:
    before, after = migrate(DatabaseSettings().database_url.get_secret_value())
    sys.stdout.write(f"database schema: {before or 'none'} -> {after}\n")


if __name__ == "__main__":
    main_migrate() if sys.argv[1:] == ["migrate"] else main()
