"""A broker that dies in the middle of commits ends them when it is back: no stage loses its place or does work twice.

Kafka 4.3.0 to 4.4.0 forget commits that were decided and not yet marked (KAFKA-20734).
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from infra.local.stack import running
from shared.kafka import CommitAborted, KafkaLog, LogLost, Output, Record
from shared.outcome import Transient
from tests.support.stack import Stack
from tests.support.topics import Topics
from tests.support.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]

STAGES, DEATHS, LIFE = 4, 12, 2.0
"""Stages that copy a topic as fast as they can; deaths of the broker, and seconds of work before each."""
RECORDS = 20_000
"""More than a stage copies in that time: it does not run out of commits."""
COPIES = 24
"""Of each record, in as many partitions: for most of a commit it is then decided and not yet marked."""
SOURCE = "source"


class Copying(threading.Thread):
    """One stage, one record in each transaction; begun anew when its log is lost, as a supervisor does."""

    def __init__(self, bootstrap: str, target: str) -> None:
        super().__init__(name=target, daemon=True)
        self._servers, self._into = bootstrap, target
        self._over = threading.Event()
        self.copied = 0

    def stop(self) -> None:
        self._over.set()

    def run(self) -> None:
        while not self._over.is_set():
            log = KafkaLog(self._servers, self._into, "0", [SOURCE], limit=lambda topic: 1_000_000)
            try:
                for record in self._records(log):
                    self._copy(log, record)
            except LogLost:
                pass
            log.close()

    def _records(self, log: KafkaLog) -> Iterator[Record]:
        while not self._over.is_set():
            try:
                yield from log.poll(1, 0.5)
            except Transient:
                continue

    def _copy(self, log: KafkaLog, record: Record) -> None:
        while True:
            try:
                log.commit([record], [Output(self._into, str(key), record.value or b"") for key in range(COPIES)])
                self.copied += 1
                return
            except Transient:
                continue
            except CommitAborted:
                return


def fill(bootstrap: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for made in admin.create_topics([NewTopic(SOURCE, 1), *(NewTopic(name, COPIES) for name in targets())]).values():
        made.result(10)
    producer = Producer({"bootstrap.servers": bootstrap, "queue.buffering.max.messages": RECORDS})
    for number in range(RECORDS):
        producer.produce(SOURCE, str(number).encode())
    assert producer.flush(60) == 0


def targets() -> list[str]:
    return [f"copy-{number}" for number in range(STAGES)]


def worked_on(stages: list[Copying]) -> None:
    """All of them go on."""
    before = [stage.copied for stage in stages]
    for stage, copied in zip(stages, before, strict=True):
        until(lambda: stage.copied > copied + 1, f"{stage.name} goes on", 120)  # noqa: B023


def test_commits_that_were_decided_are_kept(tmp_path: Path) -> None:
    home = tmp_path / "stack"
    with running(home, False, only=["kafka"]) as started:
        fill(started.kafka_bootstrap_servers)
        stages = [Copying(started.kafka_bootstrap_servers, name) for name in targets()]
        for stage in stages:
            stage.start()
        for _ in range(DEATHS):
            worked_on(stages)
            time.sleep(LIFE)
            pid = Stack(home).kill("kafka")
            until(lambda: Stack(home).ready("kafka", not_pid=pid), "the broker is back", 60)  # noqa: B023
        worked_on(stages)
        for stage in stages:
            stage.stop()
        for stage in stages:
            stage.join(60)
        topics = Topics(started.kafka_bootstrap_servers)
        for stage in stages:
            copies: dict[bytes | None, list[int]] = defaultdict(list)
            for record in topics.records(stage.name):
                copies[record.key].append(int(record.value or b""))
            count = len(copies[b"0"])
            assert copies == {str(key).encode(): list(range(count)) for key in range(COPIES)}
            assert count >= stage.copied > DEATHS
