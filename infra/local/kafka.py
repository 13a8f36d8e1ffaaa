"""Apache Kafka as one KRaft process: its command line and configuration. Standard library only."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from infra.local.layout import Cache

PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
# A killed member of a KIP-848 group is replaced in 6 s instead of 45; the minimums must come down too.
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=1000
group.consumer.min.session.timeout.ms=3000
group.consumer.session.timeout.ms=6000
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=4194304
"""
FLUSHES = """\
# A broker alone: what it has acknowledged is on the disk, in every topic, its own too (infra/adr/0016).
log.flush.interval.messages=1
"""


@dataclass(frozen=True)
class Listeners:
    """The two ports of a combined broker and controller."""

    broker: int
    controller: int


def server_properties(data: Path, listeners: Listeners, *, flushes: bool = True) -> str:
    """The text of `server.properties`. A broker that does not flush loses acknowledged records in a power cut."""
    text = PROPERTIES.format(data=data, broker=listeners.broker, controller=listeners.controller)
    return text + FLUSHES if flushes else text


def java_command(cache: Cache, *, temporary: Path, archive: Path | None) -> list[str]:
    """The JVM's part of the command line, up to the class to run."""
    return [
        shutil.which("java") or "java",
        *([f"-XX:SharedArchiveFile={archive}"] if archive else []),
        "-Xms256m",
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        "-Djava.awt.headless=true",
        f"-Djava.io.tmpdir={temporary}",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        "-cp",
        cache.kafka_classpath(),
    ]
