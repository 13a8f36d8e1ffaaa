"""The one place that knows faust: streams the topics from where the state ends, publishes what the tracker says.

Nothing is kept but the topics: no offsets are committed. A worker that gets the partitions reads what its own
output topics say and catches up; only then does it publish, and only what differs.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import aiokafka
import faust
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from services.tracker.handler import NAME, Handler
from shared.events import Outgoing
from shared.events.envelope import encode
from shared.kafka import Record, read_to_end
from shared.outcome import Transient

OLDEST = b"%020d" % time.time_ns()
"""When this worker started, as other members of the group see it."""


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

    app: "_App"
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

    async def progress(self) -> dict[TP, tuple[int, int]]:
        """By partition: the offset to be fetched next, and that of the last record given to faust (-1 for none)."""
        result: dict[TP, tuple[int, int]] = await self.call_thread(self._progress)
        return result

    async def _progress(self) -> dict[TP, tuple[int, int]]:
        consumer = self._ensure_consumer()
        return {tp: (await consumer.position(tp), self.handed.get(tp, -1)) for tp in consumer.assignment()}


class _Consumer(driver.Consumer):
    _thread: _Thread

    def _new_consumer_thread(self) -> _Thread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def progress(self) -> dict[TP, tuple[int, int]]:
        return await self._thread.progress()


class _Producer(driver.Producer):
    def _settings_extra(self) -> Mapping[str, Any]:
        # A retry within the client must not write twice.
        return {"acks": "all", "enable_idempotence": True}


class _Transport(driver.Transport):
    Consumer = _Consumer
    Producer = _Producer


class _App(faust.App):
    positions: dict[TP, int]
    """By partition, the offset after the last record that the state has taken in."""

    @property
    def reader(self) -> _Consumer:
        """The consumer as what it is here."""
        return cast(_Consumer, self.consumer)

    def _new_transport(self) -> _Transport:
        return _Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """There is nothing to put into them."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and as whom."""

    bootstrap_servers: str
    group: str
    instance: str


class Edge:
    """A faust app around one `Handler`."""

    def __init__(
        self,
        connection: Connection,
        inputs: Sequence[str],
        outputs: Sequence[str],
        handler: Handler,
        positions: Mapping[tuple[str, int], int],
    ) -> None:
        self._connection = connection
        self._outputs = outputs
        self._handler = handler
        self._owns = False
        self._round = 0
        self._begun = 0
        self._ends: Mapping[TP, int] = {}
        self._app = _app(connection)
        self._app.positions = {TP(*where): offset for where, offset in positions.items()}
        topic = self._app.topic(
            *inputs, key_serializer="raw", value_serializer="raw", allow_empty=True, internal=True, acks=False
        )
        self._app.agent(topic, name="tracker")(self._consume)
        self._app.on_partitions_revoked.connect(self._on_revoked)
        self._app.on_partitions_assigned.connect(self._on_assigned)

    async def start(self) -> None:
        await self._app.start()

    async def stop(self) -> None:
        await self._app.stop()

    @property
    def stands_by(self) -> bool:
        """Whether another worker has the partitions."""
        return self._round > 0 and not self._owns

    async def tick(self) -> bool:
        """Come round once. False: still rebuilding the state. Raises AWAY, and what ended faust."""
        if self._app.should_stop:
            raise self._app.crash_reason or RuntimeError("faust stopped")
        if not self._owns:
            return self.stands_by
        current = self._round
        if self._begun != current:
            self._handler.begin(await asyncio.to_thread(self._last_words))
            self._ends = await self._app.reader.highwaters(*self._app.reader.assignment())
            self._begun = current
        if self._handler.rebuilding and await self._caught_up():
            self._handler.rebuilt()
        if self._handler.rebuilding or self._round != current:
            return False
        for portion in self._handler.due():
            await self._publish(portion)
            if self._round != current:
                return False
        return True

    async def lag(self) -> int:
        """Records that are still to be taken in."""
        if not self._owns or self._begun != self._round:
            return 0
        ends = await self._app.reader.highwaters(*self._app.reader.assignment())
        progress = await self._app.reader.progress()
        return sum(max(0, end - progress.get(tp, (0, 0))[0]) for tp, end in ends.items())

    async def _consume(self, stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            # What was fetched before a rebalance is fetched again after it.
            if not self._owns or message.generation_id != self._app.consumer_generation_id:
                continue
            self._handler.take(_record(message))
            self._app.positions[message.tp] = message.offset + 1

    async def _on_revoked(self, *_: Any, **__: Any) -> None:
        self._owns = False

    async def _on_assigned(self, *sender_and_assigned: Any, **__: Any) -> None:
        if not sender_and_assigned[-1]:
            self._handler.forget()
            self._app.positions.clear()
        self._round += 1
        self._owns = bool(sender_and_assigned[-1])

    async def _caught_up(self) -> bool:
        progress = await self._app.reader.progress()
        taken = self._app.positions
        return all(
            tp in progress and progress[tp][0] >= end and taken.get(tp, 0) > progress[tp][1]
            for tp, end in self._ends.items()
        )

    async def _publish(self, portion: Sequence[Outgoing]) -> None:
        """Publish in order; what the broker does not confirm stays due."""
        under_way = []
        for outgoing in portion:
            value, headers = encode(outgoing, NAME, datetime.now(UTC))
            key = outgoing.key.encode()
            under_way.append(await self._app.producer.send(outgoing.event.topic, key, value, None, None, headers))
        for outgoing, confirmed in zip(portion, under_way, strict=True):
            await confirmed
            self._handler.confirm(outgoing)
        await asyncio.sleep(0)

    def _last_words(self) -> list[Record]:
        """The newest record of each key on our own topics."""
        records = read_to_end(self._connection.bootstrap_servers, self._outputs)
        return list({(record.topic, record.key): record for record in records}.values())


AWAY = (KafkaError, ProducerSendError, TimeoutError, Transient)
"""What `tick` raises while the broker is away."""


def _app(connection: Connection) -> _App:
    return _App(
        connection.group,
        broker=[f"kafka://{server}" for server in connection.bootstrap_servers.split(",")],
        consumer_group_instance_id=f"{connection.group}-{connection.instance}",
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=10.0,
        broker_request_timeout=20.0,
        consumer_max_fetch_size=1024 * 1024,
        producer_linger=0.005,
        producer_request_timeout=20.0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )


def _record(message: Any) -> Record:
    key = message.key
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp=datetime.fromtimestamp(message.timestamp, UTC),
        key=key.decode("utf-8", "replace") if key is not None else None,
        value=message.value,
        headers=tuple(message.headers),
    )
