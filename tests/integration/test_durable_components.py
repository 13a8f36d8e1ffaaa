"""Broker and database keep in a power cut what they have confirmed: as they say themselves. tests/chaos cuts it."""

import secrets
from pathlib import Path

import psycopg
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # typed, but re-exported without `as`
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from infra.local import kafka
from infra.local.state import Stack
from shared.kafka import KafkaLog, Output, Publisher, is_durable
from shared.kafka.admin import topic_names
from tests.support.waiting import until

INTERNAL = {"__consumer_offsets", "__transaction_state"}
"""Where the broker keeps how far each stage is, and which transactions are under way."""


def make_internal_topics(bootstrap: str, admin: AdminClient) -> None:
    """The broker makes them when a first stage commits a first transaction."""
    name = f"durable-{secrets.token_hex(4)}"
    admin.create_topics([NewTopic(name, 1)])[name].result(10)
    Publisher(bootstrap, timeout=10).publish(Output(name, "key", b"value"))
    log = KafkaLog(bootstrap, name, "0", [name])
    while not (records := log.poll(1, 1.0)):
        pass
    log.commit(records, [Output(name, "key", b"value")])
    log.close()


def test_the_broker_flushes_every_topic_before_it_acknowledges(components: Stack) -> None:
    bootstrap = components.kafka_bootstrap_servers
    admin = AdminClient({"bootstrap.servers": bootstrap})
    make_internal_topics(bootstrap, admin)
    names = admin.list_topics(timeout=10).topics.keys()
    described = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in names])
    flushes = {resource.name: future.result(10)["flush.messages"].value for resource, future in described.items()}
    assert flushes.keys() >= INTERNAL
    assert set(flushes.values()) == {"1"}, flushes


def test_flushing_can_be_left_out_for_those_who_measure_it() -> None:
    listeners = kafka.Listeners(1, 2)
    assert "log.flush.interval.messages=1\n" in kafka.server_properties(Path("data"), listeners)
    assert "flush" not in kafka.server_properties(Path("data"), listeners, flushes=False)


def test_the_database_flushes_what_it_commits(components: Stack) -> None:
    with psycopg.connect(components.database.url("postgres", "postgres")) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            row = connection.execute(f"SHOW {setting}").fetchone()  # type: ignore[arg-type]
            assert row == ("on",), setting


def test_the_receiver_sees_whether_the_broker_flushes(components: Stack) -> None:
    assert is_durable(components.kafka_bootstrap_servers, "identified.instance.received")
    admin = AdminClient({"bootstrap.servers": components.kafka_bootstrap_servers})
    lazy = f"lazy-{secrets.token_hex(4)}"
    admin.create_topics([NewTopic(lazy, 1, config={"flush.messages": "1000"})])[lazy].result(10)
    until(lambda: lazy in topic_names(components.kafka_bootstrap_servers), "the topic that was made is there")
    assert not is_durable(components.kafka_bootstrap_servers, lazy)
