"""Whether a reader has all that a topic holds: markers take offsets too, and open transactions hide records."""

import secrets

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from infra.local.state import Stack
from shared.kafka import config, without_records, written_up_to
from shared.outcome import Transient
from tests.support.waiting import until

pytestmark = pytest.mark.stack


@pytest.fixture
def broker(components: Stack) -> str:
    return components.kafka_bootstrap_servers


@pytest.fixture
def topic(broker: str) -> str:
    name = f"ends-{secrets.token_hex(4)}"
    client = AdminClient({"bootstrap.servers": broker})
    for future in client.create_topics([NewTopic(name, 2)]).values():
        future.result(10)
    return name


@pytest.fixture
def producer(broker: str, topic: str) -> Producer:
    made = Producer(config.transactional(broker, topic, "0"))
    made.init_transactions(10)
    return made


def silent(broker: str, topic: str, start: int) -> bool:
    gap = (start, written_up_to(broker, [topic])[topic, 0])
    return (topic, 0) in without_records(broker, {(topic, 0): gap})


def publish(producer: Producer, topic: str) -> None:
    producer.produce(topic, b"record", "key", partition=0)
    assert producer.flush(10) == 0


def test_behind_the_last_record_there_are_markers_only(broker: str, topic: str, producer: Producer) -> None:
    producer.begin_transaction()
    publish(producer, topic)
    producer.commit_transaction(10)
    until(lambda: written_up_to(broker, [topic]) == {(topic, 0): 2, (topic, 1): 0}, "the marker is written")
    assert silent(broker, topic, 1)
    assert not silent(broker, topic, 0)


def test_what_may_yet_be_committed_hides_what_others_were_acknowledged(
    broker: str, topic: str, producer: Producer
) -> None:
    producer.begin_transaction()
    publish(producer, topic)
    other = Producer(config.publisher(broker, 10))
    publish(other, topic)
    assert written_up_to(broker, [topic])[topic, 0] == 2
    assert not silent(broker, topic, 0)
    producer.abort_transaction(10)
    until(lambda: silent(broker, topic, 2), "the marker is written")
    assert not silent(broker, topic, 0), "the other's record"


def test_a_topic_that_is_not_listed_is_no_empty_one(broker: str) -> None:
    with pytest.raises(Transient):
        written_up_to(broker, ["not-there"])
