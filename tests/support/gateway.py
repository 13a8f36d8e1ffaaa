"""A gateway over a seeded index and the real store, in process or on a socket of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from infra.local.state import Database as Address
from infra.local.state import Stack
from services.gateway.app import create_app
from services.gateway.counters import SiteCounters
from services.gateway.database import Database
from services.gateway.letters import KnownLetters
from services.gateway.parts import Parts
from shared import storage
from shared.events import CleanLetterSettled, Outgoing, SiteCounted
from shared.kafka import Record
from tests.support import postgres
from tests.support.events import record_of
from tests.support.letters import clean_letter, id_of
from tests.support.seed_index import seed
from tests.support.waiting import until

TRACES = "http://traces.example:9411"
COUNTED = SiteCounted(
    site="north",
    counts={"anonymised": 34, "validated": 32, "indexed": 31, "thumbnailed": 30, "no-picture": 1},
    reasons={"quarantined/burned-in-text": 3, "rejected/pixel-length": 1, "rejected/same-content": 1},
)
ONCE = clean_letter(1, "north")
TWICE = clean_letter(1, "north", requeues=1, first=id_of(ONCE), release="2.0")
OTHER = clean_letter(2, "south", reason="undecodable-event", error="UndecodableEvent; reboot", trace_id="ab" * 16)
GONE = clean_letter(3, "south")


def known_letters() -> KnownLetters:
    """A record that died twice, another one of another cause, and one that was discarded."""
    known = KnownLetters()
    events = (
        ONCE,
        CleanLetterSettled(letter=id_of(ONCE), state="requeued", stage="validator", requeues=1),
        TWICE,
        OTHER,
        GONE,
        CleanLetterSettled(letter=id_of(GONE), state="discarded", stage="validator", reason="not-wanted"),
    )
    outputs = [record_of(Outgoing.of(event)) for event in events]
    now = datetime.now(UTC)
    known.take([Record(one.topic, 0, at, now, one.key, one.value, one.headers) for at, one in enumerate(outputs)])
    return known


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The base URL of `app` on a free port of 127.0.0.1, until the end of the block."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, server_header=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started, "the HTTP server listens")
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def client(parts: Parts) -> TestClient:
    """Asks in process. What the application lets escape is answered, as on a socket."""
    return TestClient(create_app(parts), "http://gateway", raise_server_exceptions=False)


@pytest.fixture(scope="session")
def gateway_address(components: Stack) -> Address:
    """Index and store with the studies of `seed_index` in them."""
    address = postgres.fresh(components.database)
    objects = components.object_store
    root = [
        storage.connect(objects.endpoint, objects.root.access_key, objects.root.secret_key, bucket)
        for bucket in ("clean", "derived")
    ]
    seed(address.url("indexer"), *root)
    return address


@pytest.fixture(scope="session")
def gateway_parts(components: Stack, gateway_address: Address) -> Iterator[Parts]:
    """Index and store as the service has them: with the rights of the role and the user `gateway`."""
    objects = components.object_store
    keys = objects.users["gateway"]
    clean, derived = (
        storage.connect(objects.endpoint, keys.access_key, keys.secret_key, bucket) for bucket in ("clean", "derived")
    )
    counters = SiteCounters()
    counters.apply(COUNTED)
    database = Database(gateway_address.url("gateway"))
    yield Parts(database, clean, derived, counters, known_letters(), TRACES)
    database.close()


@pytest.fixture(scope="session")
def gateway(gateway_parts: Parts) -> TestClient:
    """The gateway in process."""
    return client(gateway_parts)


@pytest.fixture(scope="session")
def gateway_url(gateway_parts: Parts) -> Iterator[str]:
    """The gateway on a socket."""
    with listening(create_app(gateway_parts)) as url:
        yield url
