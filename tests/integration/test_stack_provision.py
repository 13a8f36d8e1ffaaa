"""What a provisioned stack allows and denies, and that it is all still there at the next start."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # typed, but re-exported without `as`
    AdminClient,
    ConfigResource,
    ResourceType,
)
from minio import Minio
from minio.error import S3Error
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction

from infra.local.probes import store
from infra.local.provision.topics import Topic, declared, provision
from infra.local.stack import running
from infra.local.state import Stack

COMPONENTS = ["kafka", "versitygw", "postgres"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def stack(home: Path) -> Iterator[Stack]:
    with running(home, False, only=COMPONENTS) as running_stack:
        yield running_stack


def client(stack: Stack, user: str) -> Minio:
    return store(stack.object_store.endpoint, stack.object_store.users[user])


def put(stack: Stack, user: str, bucket: str, key: str = "a/b") -> None:
    client(stack, user).put_object(bucket, key, io.BytesIO(b"body"), 4)


def get(stack: Stack, user: str, bucket: str, key: str = "a/b") -> bytes:
    return client(stack, user).get_object(bucket, key).read()


def code_of(attempt: Callable[[], object]) -> str | None:
    with pytest.raises(S3Error) as caught:
        attempt()
    return caught.value.code


WRITERS = [("receiver", "identified"), ("anonymiser", "clean"), ("thumbnailer", "derived")]
READERS = [
    ("anonymiser", "identified"),
    ("validator", "clean"),
    ("indexer", "clean"),
    ("thumbnailer", "clean"),
    ("gateway", "clean"),
    ("gateway", "derived"),
    ("bookkeeper", "identified"),
    ("bookkeeper", "clean"),
    ("bookkeeper", "derived"),
]
LISTERS = [("receiver", "identified"), *(reader for reader in READERS if reader[0] == "bookkeeper")]
USERS = ["receiver", "anonymiser", "validator", "indexer", "thumbnailer", "gateway", "bookkeeper"]
BUCKETS = ["identified", "clean", "derived"]


@pytest.mark.parametrize("user", USERS)
def test_each_user_does_what_it_needs_and_nothing_else(stack: Stack, user: str) -> None:
    for writer, bucket in WRITERS:
        put(stack, writer, bucket)
    for bucket in BUCKETS:
        if (user, bucket) in [*READERS, *WRITERS]:
            assert get(stack, user, bucket) == b"body"
            assert code_of(lambda bucket=bucket: get(stack, user, bucket, "absent")) == "NoSuchKey"  # type: ignore[misc]
        else:
            assert code_of(lambda bucket=bucket: get(stack, user, bucket)) == "AccessDenied"  # type: ignore[misc]
        if (user, bucket) not in WRITERS:
            assert code_of(lambda bucket=bucket: put(stack, user, bucket, "x")) == "AccessDenied"  # type: ignore[misc]
        assert code_of(lambda bucket=bucket: client(stack, user).remove_object(bucket, "a/b")) == "AccessDenied"  # type: ignore[misc]


def test_only_the_receiver_and_the_bookkeeper_list(stack: Stack) -> None:
    for user in USERS:
        for bucket in BUCKETS:
            listing = client(stack, user).list_objects(bucket, recursive=True)
            if (user, bucket) in LISTERS:
                list(listing)
            else:
                assert code_of(lambda listing=listing: list(listing)) == "AccessDenied"  # type: ignore[misc]


def test_a_user_cannot_give_itself_more(stack: Stack) -> None:
    for user in USERS:
        s3 = client(stack, user)
        assert code_of(lambda s3=s3: s3.delete_bucket_policy("identified")) == "AccessDenied"  # type: ignore[misc]
        assert code_of(lambda s3=s3: s3.make_bucket("mine")) == "AccessDenied"  # type: ignore[misc]
        assert code_of(lambda s3=s3: put(stack, "gateway", "clean", ".probe/validator")) == "AccessDenied"  # type: ignore[misc]


def test_the_gateway_reads_what_the_indexer_makes_and_writes_nothing(stack: Stack) -> None:
    with psycopg.connect(stack.database.url("indexer"), autocommit=True) as indexer:
        indexer.execute("CREATE TABLE study (id int)")
        indexer.execute("CREATE SCHEMA view CREATE TABLE view.series (id int)")
        indexer.execute("INSERT INTO study VALUES (7)")
    with psycopg.connect(stack.database.url("gateway"), autocommit=True) as gateway:
        assert gateway.execute("SELECT id FROM study").fetchall() == [(7,)]
        assert gateway.execute("SELECT id FROM view.series").fetchall() == []
        with pytest.raises(ReadOnlySqlTransaction):
            gateway.execute("INSERT INTO study VALUES (8)")
        gateway.execute("SET default_transaction_read_only = off")
        for attempt in ("INSERT INTO study VALUES (8)", "DROP TABLE study", "CREATE TABLE own (x int)"):
            with pytest.raises(InsufficientPrivilege):
                gateway.execute(attempt)


def test_a_wrong_password_is_refused(stack: Stack) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(stack.database.url("gateway").replace(stack.database.passwords["gateway"], "guess"))


def config_of(stack: Stack, topic: str) -> dict[str, str]:
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap_servers})
    (future,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
    return {name: entry.value for name, entry in future.result(10).items()}


def test_every_topic_is_as_declared(stack: Stack) -> None:
    topics = AdminClient({"bootstrap.servers": stack.kafka_bootstrap_servers}).list_topics(timeout=10).topics
    for name, topic in declared().items():
        assert len(topics[name].partitions) == topic.partitions
        config = config_of(stack, name)
        assert {key: config[key] for key in topic.config} == topic.config


def test_a_changed_declaration_alters_the_topic(stack: Stack) -> None:
    servers = stack.kafka_bootstrap_servers
    provision(servers, {"test.altered": Topic(partitions=1, config={"retention.ms": "1000"})})
    provision(servers, {"test.altered": Topic(partitions=1, config={"retention.ms": "2000"})})
    assert config_of(stack, "test.altered")["retention.ms"] == "2000"


def test_data_survive_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, False, only=COMPONENTS) as first:
        put(first, "receiver", "identified")
        with psycopg.connect(first.database.url("indexer")) as indexer:
            indexer.execute("CREATE TABLE kept AS SELECT 7 AS id")
        producer = Producer({"bootstrap.servers": first.kafka_bootstrap_servers})
        producer.produce(next(iter(declared())), b"kept", partition=0)
        assert producer.flush(10) == 0
    with running(tmp_path, False, only=COMPONENTS) as second:
        assert second.ports == first.ports
        assert get(second, "anonymiser", "identified") == b"body"
        with psycopg.connect(second.database.url("gateway")) as gateway:
            assert gateway.execute("SELECT id FROM kept").fetchall() == [(7,)]
        assert _first_record(second) == b"kept"


def _first_record(stack: Stack) -> bytes | None:
    consumer = Consumer(
        {"bootstrap.servers": stack.kafka_bootstrap_servers, "group.id": "test", "auto.offset.reset": "earliest"}
    )
    try:
        consumer.subscribe([next(iter(declared()))])
        message = consumer.poll(20)
        return message.value() if message else None
    finally:
        consumer.close()
