"""Fresh databases on the running PostgreSQL, with the rights that a stack gives."""

import uuid
from typing import Any

import psycopg

from infra.local.provision import database
from infra.local.state import Database


def fresh(server: Database) -> Database:
    """Two empty databases: `indexer` and `bookkeeper` own one each, `gateway` and `auditor` may read what they make."""
    number = uuid.uuid4().hex[:12]
    made = server.model_copy(update={"name": f"test_{number}", "identified": f"test_{number}_identified"})
    database.provision(made)
    return made


def ask(where: Database, question: str, *values: Any, role: str = "gateway") -> list[tuple[Any, ...]]:
    """The rows that answer it, as that role sees them."""
    with psycopg.connect(where.url(role), autocommit=True) as connection:
        return connection.execute(question.encode(), values).fetchall()


def do(where: Database, statement: str) -> None:
    """Carry it out as the superuser, on the clean side."""
    with psycopg.connect(where.url("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())
