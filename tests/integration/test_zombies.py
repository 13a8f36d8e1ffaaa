"""A worker stands still with a batch in hand, its partitions go to another, and it wakes: too late for anything."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.local.state import Database as Address
from infra.local.state import Stack
from services.indexer.migrate import migrate
from shared import storage
from shared.dicom import part10
from shared.events import InstanceValidated, Outgoing
from shared.kafka import Publisher
from shared.storage.headers import place_header
from tests.support import postgres
from tests.support.events import received, record_of
from tests.support.generated import ct
from tests.support.holding import Door, holding
from tests.support.indexer_events import header, validated
from tests.support.seed_index import uid
from tests.support.stages import Worker, working
from tests.support.topics import Topics
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

MOVED = 60.0
"""Seconds within which another worker has handled the record: the group waits ten for the one that stands still."""


class Case:
    """One instance whose header is an object of its own, on its way to the index."""

    def __init__(self, components: Stack, name: str) -> None:
        self.components = components
        self.address: Address = postgres.fresh(components.database)
        migrate(self.address.url("indexer"))
        objects = components.object_store
        root = storage.connect(objects.endpoint, objects.root.access_key, objects.root.secret_key, "clean")
        study, series, self.uid = uid(name, "study"), uid(name, "series"), uid(name, "instance")
        key = f"{name}/{study}/{series}/{self.uid}.dcm"
        placed = place_header(header(T30060050=["1.5"] * 100_000), key, root)
        self.event: InstanceValidated = validated(
            1,
            content=name,
            header=None,
            arrival=secrets.randbits(100),
            study_instance_uid=study,
            series_instance_uid=series,
            sop_instance_uid=self.uid,
            key=key,
        ).model_copy(update=placed)
        assert self.event.header_key is not None

    def publish(self) -> None:
        publisher = Publisher(self.components.kafka_bootstrap_servers, timeout=20)
        publisher.publish(record_of(Outgoing.of(self.event)))
        publisher.close()

    def announced(self) -> int:
        """How often its entry into the index was told."""
        topics = Topics(self.components.kafka_bootstrap_servers)
        return len(topics.events("clean.instance.indexed", sop_instance_uid=self.uid))

    def indexed(self) -> list[str]:
        """The tables that know of it."""
        tables = ("instance", "journey")
        found = {
            table: postgres.ask(self.address, f"SELECT FROM {table} WHERE sop_instance_uid = %s", self.uid)
            for table in tables
        }
        return [table for table, rows in found.items() if rows]

    def forget(self) -> None:
        """As if it had been taken back meanwhile: what is written now can be seen."""
        for table in ("instance", "journey"):
            postgres.do(self.address, f"DELETE FROM {table}")

    def settings(self, database: Door | None = None) -> dict[str, str]:
        url = self.address.url("indexer")
        if database is not None:
            url = url.replace(f":{self.address.port}/", f":{database.port}/")
        return {"ISOCENTRE_DATABASE_URL": url}


@pytest.fixture
def entered() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_it_does_not_index(components: Stack, tmp_path: Path, entered: ExitStack) -> None:
    """It stands still within its handler, before it opens a database transaction."""
    case = Case(components, tmp_path.name)
    store = urlsplit(components.object_store.endpoint)
    door = entered.enter_context(
        holding(str(store.hostname), int(store.port or 0), str(case.event.header_key).encode())
    )
    zombie = entered.enter_context(
        working(components, "indexer", "a", tmp_path, case.settings(), f"http://127.0.0.1:{door.port}")
    )
    check(case, door, zombie, tmp_path, entered)


def test_it_does_not_claim(components: Stack, tmp_path: Path, entered: ExitStack) -> None:
    """It stands still before it has read who owns the partition, and finds the other's claim when it wakes."""
    case = Case(components, tmp_path.name)
    door = entered.enter_context(holding(case.address.host, case.address.port, b"FROM partition_epoch"))
    zombie = entered.enter_context(working(components, "indexer", "a", tmp_path, case.settings(door)))
    check(case, door, zombie, tmp_path, entered)


def check(case: Case, door: Door, zombie: Worker, folder: Path, entered: ExitStack) -> None:
    case.publish()
    assert door.reached.wait(60), zombie.log
    before = zombie.tries()
    zombie.stop()
    entered.enter_context(working(case.components, "indexer", "b", folder, case.settings()))
    until(case.announced, "the other worker has indexed it", MOVED)
    assert case.indexed() == ["instance", "journey"]
    case.forget()
    door.open()
    zombie.wake()
    until(lambda: zombie.ended or zombie.tries() > before, "the zombie has gone on", MOVED)
    assert case.indexed() == []
    assert case.announced() == 1


@pytest.mark.chaos
def test_what_it_anonymises_is_told_once(components: Stack, tmp_path: Path, entered: ExitStack) -> None:
    """It may write its copy once more: the same bytes under the same key."""
    settings = {
        "ISOCENTRE_SITES_FILE": str(components.sites_file),
        "ISOCENTRE_PROJECT_KEY_FILE": str(components.project_key_file),
    }
    objects, topics = components.object_store, Topics(components.kafka_bootstrap_servers)
    identified, clean = (
        storage.connect(objects.endpoint, objects.root.access_key, objects.root.secret_key, bucket)
        for bucket in ("identified", "clean")
    )
    item = ct(secrets.randbelow(10**6), 0)
    digest = part10.digest(item.data_set, item.transfer_syntax_uid)
    key = f"site-a/{digest[:2]}/{digest}.dcm"
    identified.put(key, item.part10())
    arrival = secrets.token_hex(16)
    store = urlsplit(objects.endpoint)
    door = entered.enter_context(holding(str(store.hostname), int(store.port or 0), digest.encode()))
    zombie = entered.enter_context(
        working(components, "anonymiser", "a", tmp_path, settings, f"http://127.0.0.1:{door.port}")
    )
    publisher = Publisher(components.kafka_bootstrap_servers, timeout=20)
    publisher.publish(
        record_of(Outgoing.of(received(arrival=arrival, digest=digest, key=key, size=len(item.data_set))))
    )
    publisher.close()
    assert door.reached.wait(60), zombie.log
    before = zombie.tries()
    zombie.stop()
    entered.enter_context(working(components, "anonymiser", "b", tmp_path, settings))
    found = until(lambda: topics.events("clean.instance.anonymised", arrival=arrival), "the other has done it", MOVED)
    door.open()
    zombie.wake()
    until(lambda: zombie.ended or zombie.tries() > before, "the zombie has gone on", MOVED)
    assert topics.events("clean.instance.anonymised", arrival=arrival) == found
    (told,) = found
    assert hashlib.sha256(clean.get(told["key"])).hexdigest() == told["digest"]
