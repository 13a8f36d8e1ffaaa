"""The database and its two roles: the indexer owns and writes, the gateway reads."""

from __future__ import annotations

import psycopg
from psycopg import sql

from infra.local.state import Database

ROLES = ("indexer", "gateway")


def provision(database: Database) -> None:
    """Make roles and database where they are missing; passwords and rights are set each time."""
    with psycopg.connect(database.url("postgres", "postgres"), autocommit=True) as connection:
        for role in ROLES:
            _make_role(connection, role, database.passwords[role])
        _make_database(connection, database.name)
    with psycopg.connect(database.url("postgres")) as connection:
        _grant(connection, database.name)
    for role in ROLES:
        with psycopg.connect(database.url(role)) as connection:
            connection.execute("SELECT 1")


def _make_role(connection: psycopg.Connection, role: str, password: str) -> None:
    name, secret = sql.Identifier(role), sql.Literal(password)
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, secret))


def _make_database(connection: psycopg.Connection, name: str) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER indexer").format(sql.Identifier(name)))


def _grant(connection: psycopg.Connection, name: str) -> None:
    database = sql.Identifier(name)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO gateway").format(database))
    connection.execute("ALTER SCHEMA public OWNER TO indexer")
    connection.execute("GRANT USAGE ON SCHEMA public TO gateway")
    # Whatever the indexer creates later, in any schema, the gateway may read.
    connection.execute("ALTER DEFAULT PRIVILEGES FOR ROLE indexer GRANT SELECT ON TABLES TO gateway")
    connection.execute("ALTER DEFAULT PRIVILEGES FOR ROLE indexer GRANT USAGE ON SCHEMAS TO gateway")
    connection.execute("ALTER ROLE gateway SET default_transaction_read_only = on")
