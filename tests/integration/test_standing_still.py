"""A worker that stood still until its group took it for dead wakes, and handles all that has come meanwhile."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from infra.local.stack import running
from tests.support.topics import Topics
from tests.support.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

SOURCE, STAGES, RECORDS = "source", 6, 200
STILL = 14.0
"""Seconds; a session lasts ten."""
COPY = """
import sys
from shared.kafka import CommitAborted, KafkaLog, Output
from shared.outcome import Transient
bootstrap, target = sys.argv[1:]
log = KafkaLog(bootstrap, target, "0", ["source"], limit=lambda topic: 1_000_000)
while True:
    try:
        batch = log.poll(256, 0.5)
        for _ in range(20 if batch else 0):
            log.idle(0.05)
        ours = [record for record in batch if log.owns(record)]
        if ours:
            log.commit(ours, [Output(target, record.key, record.value) for record in ours])
    except (CommitAborted, Transient):
        pass
"""
"""A stage that copies a topic, and takes a second for each batch."""


@contextmanager
def stages(bootstrap: str, targets: list[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-c", COPY, bootstrap]
    workers = [subprocess.Popen([*command, target], stderr=subprocess.DEVNULL) for target in targets]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def produce(bootstrap: str, first: int, count: int) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for number in range(first, first + count):
        producer.produce(SOURCE, str(number).encode(), str(number).encode())
    assert producer.flush(60) == 0


def test_nothing_is_left_out_by_workers_that_wake(tmp_path: Path) -> None:
    with running(tmp_path / "stack", False, only=["kafka"]) as started:
        bootstrap, targets = started.kafka_bootstrap_servers, [f"copy-{number}" for number in range(STAGES)]
        admin = AdminClient({"bootstrap.servers": bootstrap})
        for made in admin.create_topics([NewTopic(name, 4) for name in (SOURCE, *targets)]).values():
            made.result(10)
        topics = Topics(bootstrap)

        def copied(target: str) -> set[bytes | None]:
            return {record.value for record in topics.records(target)}

        with stages(bootstrap, targets) as workers:
            produce(bootstrap, 0, 1)
            for target in targets:
                until(lambda: copied(target), f"{target} is at work", 60)  # noqa: B023
            for worker in workers:
                worker.send_signal(signal.SIGSTOP)
            produce(bootstrap, 1, RECORDS)
            time.sleep(STILL)
            for worker in workers:
                worker.send_signal(signal.SIGCONT)
            produce(bootstrap, 1 + RECORDS, RECORDS)
            wanted = {str(number).encode() for number in range(1 + 2 * RECORDS)}
            for target in targets:
                until(lambda: copied(target) == wanted, f"{target} has all", 60)  # noqa: B023
