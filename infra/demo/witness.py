"""Asks database and object store themselves, so that the books do not rest on the topics alone."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import psycopg

from infra.demo.books import Witness
from infra.demo.facts import Way
from infra.local.state import Stack
from shared import storage
from shared.outcome import Transient
from shared.storage import Store

THREADS = 8


def witness(stack: Stack, ways: Iterable[Way]) -> Witness:
    """Which of these arrivals are in the index, and which of their objects are really there."""
    seen = list(ways)
    return Witness(
        indexed=_indexed(stack.database.url("postgres"), [way.arrival for way in seen]),
        clean=present(bucket(stack, "clean"), (way.clean_key for way in seen)),
        derived=present(bucket(stack, "derived"), (way.picture for way in seen)),
    )


def bucket(stack: Stack, name: str) -> Store:
    """A bucket as the operator of the node sees it."""
    store = stack.object_store
    return storage.connect(store.endpoint, store.root.access_key, store.root.secret_key, name)


def present(store: Store, keys: Iterable[str | None]) -> frozenset[str]:
    """Those keys whose object is there."""
    wanted = [key for key in keys if key is not None]
    with ThreadPoolExecutor(THREADS) as pool:
        there = list(pool.map(store.exists, wanted))
    return frozenset(key for key, exists in zip(wanted, there, strict=True) if exists)


def _indexed(database: str, arrivals: list[str]) -> frozenset[str]:
    try:
        with psycopg.connect(database) as connection:
            rows = connection.execute("SELECT arrival FROM instance WHERE arrival = ANY(%s)", (arrivals,))
            return frozenset(str(row[0]) for row in rows)
    except psycopg.OperationalError:
        raise Transient("the database does not answer") from None
