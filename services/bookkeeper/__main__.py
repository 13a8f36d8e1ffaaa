"""Wires the bookkeeper together and runs it; with the argument `migrate` brings the schema up to date instead."""

import sys
from functools import partial

from services.bookkeeper.database import Database
from services.bookkeeper.following import Bookkeeper
from services.bookkeeper.handler import Books, Overtaken
from services.bookkeeper.migrate import migrate, newest
from services.bookkeeper.report import Report
from services.bookkeeper.settings import BookkeeperSettings
from services.bookkeeper.telling import FOLLOWED
from shared.kafka import Following, record_at
from shared.service import NotFit, running
from shared.settings import DatabaseSettings

NAME = "bookkeeper"
READS = tuple(model.topic for model in FOLLOWED)


def main() -> None:
    settings = BookkeeperSettings()
    bootstrap = settings.kafka_bootstrap_servers
    database = Database(settings.database_url.get_secret_value())
    with running(NAME, settings) as service:
        service.verify_topics(READS)
        service.verify("database", lambda: verify_schema(database))
        report = Report()
        books = Books(database=database, record_at=partial(record_at, bootstrap), report=report)
        keeper = Bookkeeper(service, database, books, report)
        topics = Following(bootstrap, NAME, READS, books.open())
        try:
            keeper.run(topics, settings.batch_size, settings.batch_seconds)
        except Overtaken:
            raise NotFit("somebody else writes this ledger: it is kept by one at a time") from None
        finally:
            topics.close()
            database.close()


def verify_schema(database: Database) -> None:
    found, needed = database.revision(), newest()
    if found != needed:
        raise NotFit(f"the database has schema {found}, not {needed}: run `python -m services.bookkeeper migrate`")


def main_migrate() -> None:
    before, after = migrate(DatabaseSettings().database_url.get_secret_value())
    sys.stdout.write(f"database schema: {before or 'none'} -> {after}\n")


if __name__ == "__main__":
    main_migrate() if sys.argv[1:] == ["migrate"] else main()
