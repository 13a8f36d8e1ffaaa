"""Fresh databases on the running PostgreSQL, with the rights that a stack gives."""

import uuid
from typing import Any

import psycopg

from infra.local.provision import database
from infra.local.state import Database


def fresh(server: Database) -> Database:
    """An empty database: the role `indexer` owns it, `gateway` may read what `indexer` makes there."""
    made = server.model_copy(update={"name": f"test_{uuid.uuid4().hex[:12]}"})
    database.provision(made)
    return made


def ask(where: Database, question: str, *values: Any, role: str = "gateway") -> list[tuple[Any, ...]]:
    """The rows that answer it, as that role sees them."""
    with psycopg.connect(where.url(role), autocommit=True) as connection:
        return connection.execute(question.encode(), values).fetchall()


def do(where: Database, statement: str) -> None:
    """Carry it out as the superuser."""
    with psycopg.connect(where.url("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())
