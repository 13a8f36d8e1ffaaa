"""Brings a database to the newest schema: alembic's migrations in a folder of the service that owns it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import URL, make_url

LOCK = 0x150CE27E
"""Number of the advisory lock: of two that migrate at once, one waits and then finds nothing to do."""


def migrate(database_url: str, scripts: Path) -> tuple[str | None, str | None]:
    """Run what is pending, in one transaction. Returns the revision before and after."""
    engine = create_engine(with_driver(database_url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        before = _revision(connection)
        command.upgrade(config_of(connection, scripts), "head")
        return before, _revision(connection)


def newest(scripts: Path) -> str | None:
    """The revision that this code was written for."""
    return ScriptDirectory(str(scripts)).get_current_head()


def with_driver(database_url: str) -> URL:
    """The URL as SQLAlchemy needs it to use psycopg 3."""
    return make_url(database_url).set(drivername="postgresql+psycopg")


def config_of(connection: Connection, scripts: Path) -> Config:
    """What alembic's commands need to work on this connection, from any working directory."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
