"""The two databases and their roles: in each one service owns and writes, and others may read.

clean        owned by the indexer, read by gateway and auditor
identified   owned by the bookkeeper, read by the auditor; nobody of the clean side may connect to it
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from infra.local.state import Database

OWNERS = ("indexer", "bookkeeper")
READERS = ("gateway", "auditor")
ROLES = (*OWNERS, *READERS)


@dataclass(frozen=True)
class Rights:
    """Who may do what in one database."""

    name: str
    owner: str
    readers: tuple[str, ...]


def rights(database: Database) -> tuple[Rights, ...]:
    """Of both."""
    return (
        Rights(database.name, "indexer", ("gateway", "auditor")),
        Rights(database.identified, "bookkeeper", ("auditor",)),
    )


def provision(database: Database) -> None:
    """Make roles and databases where they are missing; passwords and rights are set each time."""
    with psycopg.connect(database.url("postgres", "postgres"), autocommit=True) as connection:
        for role in ROLES:
            _make_role(connection, role, database.passwords[role])
        for reader in READERS:
            statement = sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on")
            connection.execute(statement.format(sql.Identifier(reader)))
        for one in rights(database):
            _make_database(connection, one)
    for one in rights(database):
        with psycopg.connect(database.url("postgres", one.name)) as connection:
            _grant(connection, one)
        for role in (one.owner, *one.readers):
            with psycopg.connect(database.url(role, one.name)) as connection:
                connection.execute("SELECT 1")


def _make_role(connection: psycopg.Connection, role: str, password: str) -> None:
    name, secret = sql.Identifier(role), sql.Literal(password)
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, secret))


def _make_database(connection: psycopg.Connection, one: Rights) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (one.name,)).fetchone() is None:
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(statement.format(sql.Identifier(one.name), sql.Identifier(one.owner)))


def _grant(connection: psycopg.Connection, one: Rights) -> None:
    database, owner = sql.Identifier(one.name), sql.Identifier(one.owner)
    readers = sql.SQL(", ").join(map(sql.Identifier, one.readers))
    for statement in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {database} TO {readers}",
        "ALTER SCHEMA public OWNER TO {owner}",
        "GRANT USAGE ON SCHEMA public TO {readers}",
        # What is there already, and whatever the owner creates later, in any schema, the readers may read.
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {readers}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO {readers}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SCHEMAS TO {readers}",
    ):
        connection.execute(sql.SQL(statement).format(database=database, owner=owner, readers=readers))
