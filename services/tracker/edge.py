"""The only home of faust: its app as we need it. Committed records, no committed offsets, one member works."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import aiokafka
import faust
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from shared.outcome import Transient

AWAY = (KafkaError, ProducerSendError, TimeoutError, Transient)
"""What a question to the broker raises while it is away."""

OLDEST = b"%020d" % time.time_ns()
"""When this worker started, as other members of the group see it."""

SESSION = 10.0
"""Seconds without a heartbeat after which the group gives our partitions to another worker."""

PATIENCE = 20.0
"""Seconds that a question to the broker may take."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and as whom."""

    bootstrap_servers: str
    group: str
    instance: str


class OldestMember(AbstractPartitionAssignor):  # type: ignore[misc] # ships no types
    """Gives all partitions to the member that started first; the others stand by.

    Site counters need every partition, and a study's state is cheap: one worker is enough, two are for safety.
    """

    name = "oldest"
    version = 0

    @classmethod
    def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        return ConsumerProtocolMemberMetadata(cls.version, list(topics), OLDEST)

    @classmethod
    def assign(
        cls, cluster: Any, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        chosen = min(members, key=lambda member: (members[member].user_data, member))
        topics = sorted({topic for metadata in members.values() for topic in metadata.subscription})
        everything = [(topic, sorted(cluster.partitions_for_topic(topic) or ())) for topic in topics]
        return {
            member: ConsumerProtocolMemberAssignment(cls.version, everything if member == chosen else [], b"")
            for member in members
        }

    @classmethod
    def on_assignment(cls, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Nothing to remember: who started first stays the oldest."""


class _Thread(driver.AIOKafkaConsumerThread):
    """faust's consumer, reading committed records, and from where our state ends instead of committed offsets."""

    app: "App"
    handed: dict[TP, int]
    """Offset of the last record that faust was given."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        # faust reads committed records only in its exactly-once mode, which is broken.
        conf = self.app.conf
        self.handed = {}
        return aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[OldestMember],
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
        )

    async def seek_to_committed(self) -> Mapping[TP, int]:
        result: Mapping[TP, int] = await self.call_thread(self._seek_to_state)
        return result

    async def _seek_to_state(self) -> Mapping[TP, int]:
        consumer = self._ensure_consumer()
        self.handed.clear()
        offsets = {tp: self.app.positions.get(tp, 0) for tp in consumer.assignment()}
        for tp, offset in offsets.items():
            consumer.seek(tp, offset)
        return offsets

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Mapping[TP, list[Any]]:
        records = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        self.handed.update({tp: batch[-1].offset for tp, batch in records.items() if batch})
        return records

    async def progress(self) -> dict[tuple[str, int], tuple[int, int]]:
        """By topic and partition: the offset to be fetched next, and that of the last record handed on (-1: none)."""
        # A position that nobody has told yet is waited for without end.
        return await asyncio.wait_for(self.call_thread(self._progress), PATIENCE)

    async def _progress(self) -> dict[tuple[str, int], tuple[int, int]]:
        consumer = self._ensure_consumer()
        return {
            (tp.topic, tp.partition): (await consumer.position(tp), self.handed.get(tp, -1))
            for tp in consumer.assignment()
        }


class _Consumer(driver.Consumer):
    _thread: _Thread

    def _new_consumer_thread(self) -> _Thread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def progress(self) -> dict[tuple[str, int], tuple[int, int]]:
        return await self._thread.progress()


class _Producer(driver.Producer):
    def _settings_extra(self) -> Mapping[str, Any]:
        # A retry within the client must not write twice.
        return {"acks": "all", "enable_idempotence": True}


class _Transport(driver.Transport):
    Consumer = _Consumer
    Producer = _Producer


class App(faust.App):
    """A faust app that keeps its positions with its state."""

    positions: dict[tuple[str, int], int]
    """By topic and partition, the offset after the last record that the state has taken in."""

    @property
    def reader(self) -> _Consumer:
        """The consumer as what it is here."""
        return cast(_Consumer, self.consumer)

    def _new_transport(self) -> _Transport:
        return _Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """There is nothing to put into them."""


class _OncePerMinute(logging.Filter):
    """While the broker is away, aiokafka says so ten times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        where = (record.pathname, record.lineno)
        if record.created - self._said.get(where, 0.0) < 60:
            return False
        self._said[where] = record.created
        return True


def make(connection: Connection) -> App:
    """The worker, not yet started. Call it on the loop that it is to run on."""
    for name in ("aiokafka", "aiokafka.consumer.group_coordinator"):
        logging.getLogger(name).addFilter(_OncePerMinute())
    return App(
        connection.group,
        broker=[f"kafka://{server}" for server in connection.bootstrap_servers.split(",")],
        consumer_group_instance_id=f"{connection.group}-{connection.instance}",
        broker_session_timeout=SESSION,
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=SESSION,
        broker_request_timeout=PATIENCE,
        consumer_max_fetch_size=1024 * 1024,
        producer_linger=0.005,
        producer_request_timeout=PATIENCE,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
