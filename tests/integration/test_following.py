"""Following topics from positions of one's own: going on, and beginning again where the log is another one."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from infra.local.state import Stack
from shared.kafka import Following, Output, Position, Publisher, Record, position_after, record_at
from tests.support.waiting import until

pytestmark = pytest.mark.stack


@pytest.fixture
def topic(components: Stack) -> str:
    name = f"followed.{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": components.kafka_bootstrap_servers})
    admin.create_topics([NewTopic(name, 1)])[name].result(10)
    return name


def publish(stack: Stack, topic: str, values: Sequence[str]) -> None:
    publisher = Publisher(stack.kafka_bootstrap_servers, timeout=10)
    for value in values:
        publisher.publish(Output(topic, "key", value.encode()))
    publisher.close()


def follow(stack: Stack, topic: str, count: int, start: Position | None = None) -> list[Record]:
    """What comes, until it is as much and the end is reached."""
    following = Following(stack.kafka_bootstrap_servers, "test", [topic], {(topic, 0): start} if start else {})
    found: list[Record] = []

    def read() -> bool:
        found.extend(following.poll(100, 0.2))
        return len(found) >= count and following.lag() == {topic: 0}

    until(read, f"{count} records", 30)
    following.close()
    return found


def values(records: Sequence[Record]) -> list[str]:
    return [(record.value or b"").decode() for record in records]


def test_it_goes_on_where_it_was(components: Stack, topic: str) -> None:
    publish(components, topic, "abc")
    read = follow(components, topic, 3)
    assert values(read) == ["a", "b", "c"]
    publish(components, topic, "de")
    assert values(follow(components, topic, 2, position_after(read[-1]))) == ["d", "e"]
    assert values(follow(components, topic, 2, position_after(read[0]))) == ["b", "c", "d", "e"]


@pytest.mark.parametrize("change", ["stamp", "epoch", "shorter"])
def test_in_another_log_it_begins_again(components: Stack, topic: str, change: str) -> None:
    """One that holds other records at those offsets, or none yet: the broker lost them."""
    publish(components, topic, "abc")
    known = position_after(follow(components, topic, 3)[1])
    start = {
        "stamp": known._replace(stamp=known.stamp - timedelta(seconds=1)),
        "epoch": known._replace(epoch=known.epoch + 1),
        "shorter": known._replace(next=20),
    }[change]
    assert values(follow(components, topic, 3, start)) == ["a", "b", "c"]


def test_a_record_by_its_coordinates(components: Stack, topic: str) -> None:
    publish(components, topic, "ab")
    found = record_at(components.kafka_bootstrap_servers, topic, 0, 1)
    assert found is not None
    assert found.value == b"b"
    assert record_at(components.kafka_bootstrap_servers, topic, 0, 2) is None
    assert record_at(components.kafka_bootstrap_servers, topic, 7, 0) is None
    assert record_at(components.kafka_bootstrap_servers, f"{topic}.none", 0, 0) is None
