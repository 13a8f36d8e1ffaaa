"""The real `Log`: consumers and a transactional producer as one."""

import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace

from confluent_kafka import Producer

from shared import schemas
from shared.events import lanes
from shared.kafka import config
from shared.kafka.lane import Lane
from shared.kafka.log import Claims, CommitAborted, GroupProtocol, LostOffsets, Output, Record, Where
from shared.kafka.parked import ParkedLane
from shared.kafka.reader import end_offsets
from shared.kafka.shares import LIVE, SHARES, Shares
from shared.kafka.transaction import Transaction
from shared.outcome import Fenced, Transient

LOOK = 0.05
"""Seconds to wait for what is live before looking at the other lanes again."""


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
        rerun: Sequence[str] = (),
        shares: Mapping[lanes.Lane, float] = SHARES,
        lost: LostOffsets = "stop",
        claims: Claims | None = None,
        parked: Sequence[str] = (),
        protocol: GroupProtocol = "classic",
    ) -> None:
        """`topics` are live; `bulk` and `rerun` give way to them, but for their `shares` of the time. What was `parked`
        goes with `rerun`, once it is asked for.

        Each lane is a group of its own, because one consumer delivers all that it has fetched in the order in which it
        came, and a backlog would stand before what is live. `claims`: for a stage that writes beside Kafka; its records
        tell under which claim they were taken.
        """
        self._producer = Producer(config.transactional(bootstrap, stage, instance))
        read: dict[lanes.Lane, Sequence[str]] = {LIVE: topics, "bulk": bulk, "rerun": rerun}
        self._lanes = {
            name: Lane(name, bootstrap, stage if name == LIVE else f"{stage}.{name}", instance, some, lost, protocol)
            for name, some in read.items()
            if some
        }
        self._shares = Shares(
            {name: shares[name] for name in shares if name in self._lanes or (parked and name == "rerun")}
        )
        self._parked = ParkedLane(
            lambda: Lane("rerun", bootstrap, f"{stage}.parked", instance, parked, lost, protocol),
            lambda: end_offsets(bootstrap, parked),
        )
        self._taken: tuple[lanes.Lane, int, float] | None = None
        self._transaction = Transaction(self._producer, limit)
        self._claims = claims
        self._initialised = False

    def poll(self, limit: int, timeout: float) -> list[Record]:
        """From one lane at a time: what is live waits for one short batch of another at most."""
        self._open()
        self._settle()
        latest = time.monotonic() + timeout
        # First without waiting for anybody, then for what is live, and only for moments while there are others.
        wait, look = 0.0, LOOK if len(self._lanes) > 1 else timeout
        while True:
            for name in self._shares.order():
                if records := self._next(name, self._shares.limit(name, limit), wait if name == LIVE else 0.0):
                    self._taken = (name, len(records), time.monotonic())
                    return records
                self._shares.empty(name)
            left = latest - time.monotonic()
            if left <= 0:
                return []
            wait = min(look, left)

    def unpark(self, most: int) -> None:
        self._parked.ask(most)

    @property
    def unparking(self) -> bool:
        return self._parked.lane is not None

    def idle(self, timeout: float) -> None:
        for lane in self._joined():
            lane.idle()
        time.sleep(timeout)

    def owns(self, record: Record) -> bool:
        return any(lane.owns(record) for lane in self._joined())

    def commit(self, batch: Sequence[Record], outputs: Sequence[Output]) -> None:
        self._open()
        try:
            consumed = [part for lane in self._joined() if (part := lane.consumed(batch))]
            self._transaction.run(outputs, consumed)
        except CommitAborted:
            for lane in self._joined():
                lane.rewind(batch)
            raise

    def give_up(self, batch: Sequence[Record]) -> None:
        for lane in self._joined():
            lane.rewind(batch)
            for record in batch:
                lane.epochs.pop(record.where, None)

    def lag(self) -> Mapping[lanes.Lane, int]:
        return {name: lane.lag() for name, lane in self._lanes.items()}

    def close(self) -> None:
        for lane in self._joined():
            lane.close()

    def _joined(self) -> list[Lane]:
        return [*self._lanes.values(), *([self._parked.lane] if self._parked.lane else [])]

    def _next(self, name: lanes.Lane, limit: int, wait: float) -> list[Record]:
        """What there is of it. What was parked goes first in its lane: it has waited for longest."""
        if name == "rerun" and (records := self._parked.poll(limit)) and self._parked.lane:
            return self._claimed(self._parked.lane, records)
        lane = self._lanes.get(name)
        return [] if lane is None else self._claimed(lane, lane.poll(limit, wait))

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
            for lane in self._lanes.values():
                lane.open()
            self._initialised = True

    def _settle(self) -> None:
        """What was taken last has been handled."""
        if self._taken is not None:
            lane, records, since = self._taken
            self._shares.spent(lane, records, time.monotonic() - since)
            self._taken = None
