"""A log that has lost records and grown again: as long as before, and not the one that was read."""

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from infra.local.stack import running
from shared.kafka import KafkaLog, OffsetLost, Output, Publisher
from tests.support.waiting import until

TOPIC = "read"


def publish(bootstrap: str, values: Sequence[bytes]) -> None:
    publisher = Publisher(bootstrap, timeout=10)
    for value in values:
        publisher.publish(Output(TOPIC, "key", value))
    publisher.close()


def read_and_commit(bootstrap: str, count: int) -> None:
    log = KafkaLog(bootstrap, TOPIC, "0", [TOPIC])
    read = 0
    while read < count:
        records = log.poll(count, 1.0)
        log.commit(records, [])
        read += len(records)
    log.close()
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": TOPIC})
    (committed,) = consumer.committed([TopicPartition(TOPIC, 0)], 30)
    consumer.close()
    assert committed.offset == count


@pytest.mark.chaos
def test_the_stage_stops_although_its_offset_is_there(tmp_path: Path) -> None:
    home, earlier = tmp_path / "stack", tmp_path / "earlier"
    partition = home / "data" / "kafka" / f"{TOPIC}-0"
    with running(home, False, only=["kafka"]) as stack:
        bootstrap = stack.kafka_bootstrap_servers
        admin = AdminClient({"bootstrap.servers": bootstrap})
        admin.create_topics([NewTopic(TOPIC, 1)])[TOPIC].result(10)
        publish(bootstrap, [b"1", b"2"])
        shutil.copytree(partition, earlier)
        publish(bootstrap, [b"3", b"4", b"5"])
        read_and_commit(bootstrap, 5)
        os.kill(stack.supervisor_pid, signal.SIGKILL)  # the broker goes with it
    shutil.rmtree(partition)
    shutil.move(earlier, partition)
    with running(home, False, only=["kafka"]) as stack:
        publish(stack.kafka_bootstrap_servers, [b"three", b"four", b"five", b"six"])
        log = KafkaLog(stack.kafka_bootstrap_servers, TOPIC, "0", [TOPIC])
        with pytest.raises(OffsetLost):
            until(lambda: log.poll(10, 1.0), "it gets a record", 60)
        log.close()
