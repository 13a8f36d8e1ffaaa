"""The real `Log`: consumers and a transactional producer as one."""

import time
from collections.abc import Callable, Sequence, Set
from dataclasses import replace

from confluent_kafka import Producer

from shared import schemas
from shared.kafka import config
from shared.kafka.lane import Lane
from shared.kafka.log import Claims, CommitAborted, LostOffsets, Output, Record, Where
from shared.kafka.transaction import Transaction
from shared.outcome import Fenced, Transient

LOOK = 0.02
"""Seconds to wait on one lane before looking at the other."""
BULK_FIRST = 5
"""In one of so many polls bulk goes first, so that it does not stand still behind live traffic that never ends."""


class KafkaLog:
    """One worker of one stage. Not thread-safe: the runner's loop owns it."""

    def __init__(
        self,
        bootstrap: str,
        stage: str,
        instance: str,
        topics: Sequence[str],
        limit: Callable[[str], int] = schemas.message_limit,
        bulk: Sequence[str] = (),
        lost: LostOffsets = "stop",
        claims: Claims | None = None,
    ) -> None:
        """`bulk`: topics that give way to the others. A group of their own, because one consumer delivers all that it
        has fetched in the order in which it came, and a backlog of these would stand before what is live. `claims`: for
        a stage that writes beside Kafka; its records tell under which claim they were taken."""
        self._producer = Producer(config.transactional(bootstrap, stage, instance))
        self._lanes = [Lane(bootstrap, stage, instance, topics, lost)]
        if bulk:
            self._lanes.append(Lane(bootstrap, f"{stage}.bulk", instance, bulk, lost))
        self._polls = 0
        self._transaction = Transaction(self._producer, limit)
        self._claims = claims
        self._initialised = False

    def poll(self, limit: int, timeout: float) -> list[Record]:
        """From one lane at a time: what is live waits for one batch of the other at most."""
        self._open()
        if len(self._lanes) == 1:
            return self._claimed(self._lanes[0], self._lanes[0].poll(limit, timeout))
        self._polls += 1
        order = self._lanes[:: 1 if self._polls % BULK_FIRST else -1]
        latest = time.monotonic() + timeout
        while True:
            for lane in order:
                if records := lane.poll(limit, LOOK):
                    return self._claimed(lane, records)
            if time.monotonic() >= latest:
                return []

    def idle(self, timeout: float) -> None:
        for number, lane in enumerate(self._lanes):
            lane.idle(0 if number else timeout)

    def owns(self, record: Record) -> bool:
        return any(lane.owns(record) for lane in self._lanes)

    def commit(self, batch: Sequence[Record], outputs: Sequence[Output]) -> None:
        try:
            consumed = [part for lane in self._lanes if (part := lane.consumed(batch))]
            self._transaction.run(outputs, consumed)
        except CommitAborted:
            for lane in self._lanes:
                lane.rewind(batch)
            raise

    def give_up(self, batch: Sequence[Record]) -> None:
        for lane in self._lanes:
            lane.rewind(batch)
            for record in batch:
                lane.epochs.pop(record.where, None)

    def lag(self) -> int:
        return sum(lane.lag() for lane in self._lanes)

    def close(self) -> None:
        for lane in self._lanes:
            lane.close()

    def _claimed(self, lane: Lane, records: list[Record]) -> list[Record]:
        """The records, each with the epoch of our claim to its partition. Raises `Transient`; then they come again."""
        if self._claims is None or not records:
            return records
        new = {record.where for record in records} - lane.epochs.keys()
        try:
            if new:
                lane.epochs |= self._claim(self._claims, lane, new)
        except (CommitAborted, Fenced, Transient) as failed:
            lane.rewind(records)
            raise Transient(f"claiming: {type(failed).__name__}") from None
        return [replace(record, epoch=lane.epochs[record.where]) for record in records]

    def _claim(self, claims: Claims, lane: Lane, partitions: Set[Where]) -> dict[Where, int]:
        """Read, ask Kafka, then swap: whoever gets a partition after the answer to us also swaps after us, or first."""
        seen = claims.newest(partitions)
        self._transaction.prove(lane.membership(partitions))
        claims.take(seen)
        return {where: epoch + 1 for where, epoch in seen.items()}

    def _open(self) -> None:
        if not self._initialised:
            # Also ends whatever transaction an earlier worker of this name left open.
            self._transaction.initialise()
            for lane in self._lanes:
                lane.open()
            self._initialised = True
