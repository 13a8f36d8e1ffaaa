"""Streams the topics from where the state ends and publishes what the tracker says.

Nothing is kept but the topics: no offsets are committed. A worker that gets the partitions reads what its own
output topics say and catches up; only then does it publish, and only what differs.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.tracker.announcing import Saying, Tombstone
from services.tracker.edge import SESSION, Connection, make
from services.tracker.handler import NAME, Handler
from shared.events.envelope import encode
from shared.kafka import Record, read_to_end


class Worker:
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
        self._ends: Mapping[tuple[str, int], int] = {}
        self._ticked = self._silent_until = time.monotonic()
        self._app = make(connection)
        self._app.positions = dict(positions)
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
        """Come round once. False: still rebuilding the state. Raises what AWAY lists, and what ended faust."""
        if self._app.should_stop:
            raise self._app.crash_reason or RuntimeError("faust stopped")
        if not self._owns or self._has_slept():
            return self.stands_by
        try:
            return await self._say_what_is_due(self._round)
        finally:
            self._ticked = time.monotonic()

    async def _say_what_is_due(self, current: int) -> bool:
        if self._begun != current:
            self._handler.begin(await asyncio.to_thread(self._last_words))
            ends = await self._app.reader.highwaters(*self._app.reader.assignment())
            self._ends = {(tp.topic, tp.partition): end for tp, end in ends.items()}
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

    def _has_slept(self) -> bool:
        """Whether this process stood still for so long that another may have the work and we do not know it yet."""
        before, self._ticked = self._ticked, time.monotonic()
        if self._ticked - before > SESSION:
            self._silent_until = self._ticked + SESSION
        return self._ticked < self._silent_until

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
            where in progress and progress[where][0] >= end and taken.get(where, 0) > progress[where][1]
            for where, end in self._ends.items()
        )

    async def _publish(self, portion: Sequence[Saying]) -> None:
        """Publish in order; what the broker does not confirm stays due."""
        under_way = []
        for outgoing in portion:
            key = outgoing.key.encode()
            if isinstance(outgoing, Tombstone):
                under_way.append(await self._app.producer.send(outgoing.topic, key, None, None, None, []))
                continue
            value, headers = encode(outgoing, NAME, datetime.now(UTC))
            under_way.append(await self._app.producer.send(outgoing.event.topic, key, value, None, None, headers))
        for outgoing, confirmed in zip(portion, under_way, strict=True):
            await confirmed
            self._handler.confirm(outgoing)
        await asyncio.sleep(0)

    def _last_words(self) -> list[Record]:
        """The newest record of each key on our own topics."""
        records = read_to_end(self._connection.bootstrap_servers, self._outputs)
        return list({(record.topic, record.key): record for record in records}.values())


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
