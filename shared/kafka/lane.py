"""Some topics of a stage, consumed in a group: what has been taken, what was taken from us, how far we are."""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from shared.events import lanes
from shared.kafka import config
from shared.kafka.bounded import bounded
from shared.kafka.continuity import Continuity
from shared.kafka.log import GroupProtocol, LogLost, LostOffsets, Record, Where
from shared.kafka.reader import record_of
from shared.kafka.transaction import Consumed

GATHER = 0.02
"""Seconds to wait for more records once the first one is there."""

STASH = 64
"""Records that came while others were being handled; then no more are taken."""

LEAVING = 5.0
"""Seconds to hand back what is assigned."""


class Lane:
    """One worker's part of a group. Not thread-safe: the runner's loop owns it."""

    def __init__(
        self,
        name: lanes.Lane,
        bootstrap: str,
        group: str,
        instance: str,
        topics: Sequence[str],
        lost: LostOffsets,
        protocol: GroupProtocol,
    ) -> None:
        ahead = config.AHEAD if name == "live" else config.AHEAD_OF_A_BACKLOG
        self._consumer = Consumer(config.consumer(bootstrap, group, instance, lost, protocol) | ahead)
        self._name = name
        self._continuity = Continuity(self._consumer, lost)
        self._topics = list(topics)
        self._stash: list[Message] = []
        self._paused = self._left = False
        self._gone: set[Where] = set()
        self._at_end: set[Where] = set()
        self._next_offset: dict[Where, int] = {}
        self.epochs: dict[Where, int] = {}
        """Our claims to the partitions that are assigned to us."""

    def open(self) -> None:
        """Join the group."""
        self._consumer.subscribe(
            self._topics, on_assign=self._continuity.begin, on_revoke=self._revoked, on_lost=self._revoked
        )

    def poll(self, limit: int, timeout: float) -> list[Record]:
        """As `Log.poll`."""
        self._resume()
        if not self._stash:
            self._keep(1, timeout)
        if self._stash and len(self._stash) < limit:
            self._keep(limit - len(self._stash), GATHER)
        taken = self._assigned(self._stash)
        # Only now: what a partition has delivered that went and came back in this call is ours.
        self._gone.clear()
        self._stash = taken[limit:]
        return [record_of(message, self._name) for message in taken[:limit]]

    def idle(self) -> None:
        """Give the group a sign of life. What comes meanwhile is kept for the next poll.

        Pausing throws away what was fetched, and what is live would be behind a backlog when it is fetched anew: only
        who is idle for long pauses.
        """
        if len(self._stash) >= STASH:
            self._consumer.pause(self._consumer.assignment())
            self._paused = True
        # Also of a paused lane: a partition that is assigned meanwhile is not paused, and may deliver.
        self._keep(1, 0)

    def has(self, record: Record) -> bool:
        """Whether it came on this lane."""
        return record.topic in self._topics

    def owns(self, record: Record) -> bool:
        """As `Log.owns`."""
        return self.has(record) and (record.topic, record.partition) not in self._gone

    def consumed(self, batch: Sequence[Record]) -> Consumed | None:
        """What to commit for those of `batch` that came on this lane, if any did."""
        ours = [record for record in batch if self.has(record)]
        return Consumed(_next(ours), self._consumer.consumer_group_metadata()) if ours else None

    def membership(self, partitions: Iterable[Where]) -> Consumed:
        """What the group's coordinator refuses unless we are the member that we take ourselves for. Not to commit."""
        return Consumed([TopicPartition(*where, 0) for where in partitions], self._consumer.consumer_group_metadata())

    def rewind(self, batch: Sequence[Record]) -> None:
        """Deliver what of `batch` is ours again from its first record on, in those partitions that are still ours."""
        starts: dict[Where, int] = {}
        for record in (*filter(self.has, batch), *map(record_of, self._stash)):
            where = (record.topic, record.partition)
            starts[where] = min(starts.get(where, record.offset), record.offset)
        self._stash = []
        self._resume()
        for where, offset in starts.items():
            if where not in self._gone:
                self._consumer.seek(TopicPartition(*where, offset))
                self._next_offset[where] = offset
                self._at_end.discard(where)

    def reached(self, ends: Mapping[Where, int]) -> bool:
        """Whether we have partitions, and all that lies in them before these offsets has been taken."""
        ours = [(item.topic, item.partition) for item in self._consumer.assignment()]
        return (
            bool(ours)
            and not self._stash
            and all(where in self._at_end or self._next_offset.get(where, 0) >= ends.get(where, 0) for where in ours)
        )

    def lag(self) -> int:
        """As `Log.lag`."""
        behind = 0
        for item in self._consumer.assignment():
            where = (item.topic, item.partition)
            if where not in self._at_end and where in self._next_offset:
                _, high = self._consumer.get_watermark_offsets(item, cached=True)
                behind += max(0, high - self._next_offset[where])
        return behind

    def close(self) -> None:
        """Leave the group. Not in the midst of a rebalance: librdkafka 2.16 may then wait for itself for ever, and hold
        the interpreter meanwhile (its issues 4041 and 4884). Closing once more does nothing."""
        if self._left:
            return
        self._left = True
        self._continuity.end()
        with suppress(LogLost):
            bounded(self._leave)

    def _leave(self) -> None:
        self._consumer.unsubscribe()
        self._consumer.consume(1, GATHER)
        until = time.monotonic() + LEAVING
        while self._consumer.assignment() and time.monotonic() < until:
            self._consumer.consume(1, GATHER)
        self._consumer.close()

    def _resume(self) -> None:
        if self._paused:
            self._consumer.resume(self._consumer.assignment())
            self._paused = False

    def _keep(self, limit: int, timeout: float) -> None:
        """Take some into the stash, which a rebalance empties meanwhile of what it takes from us."""
        taken = self._take(limit, timeout)
        self._stash = [*self._stash, *taken]

    def _take(self, limit: int, timeout: float) -> list[Message]:
        """Real messages; the ends of partitions are noted, fatal errors raised, others left to the client."""
        taken = []
        for message in self._continuity.news(self._consumer.consume(limit, timeout)):
            error = message.error()
            where = (message.topic() or "", message.partition() or 0)
            if error is None:
                taken.append(message)
                self._at_end.discard(where)
                self._next_offset[where] = (message.offset() or 0) + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                self._at_end.add(where)
            elif error.fatal():
                raise LogLost(error.name())
        return taken

    def _assigned(self, messages: Sequence[Message]) -> list[Message]:
        """Those of partitions that are ours now."""
        if not self._gone:
            return list(messages)
        ours = {(item.topic, item.partition) for item in self._consumer.assignment()}
        return [message for message in messages if (message.topic(), message.partition()) in ours]

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {(item.topic, item.partition) for item in partitions}
        # Also when such a partition comes back at once: what was taken from it before is delivered again.
        self._gone |= gone
        for where in gone:
            self.epochs.pop(where, None)
            self._at_end.discard(where)
            self._next_offset.pop(where, None)
        self._stash = [item for item in self._stash if (item.topic(), item.partition()) not in gone]


def _next(batch: Sequence[Record]) -> list[TopicPartition]:
    """The offsets to commit: one behind the last record of each partition."""
    last: dict[Where, Record] = {}
    for record in batch:
        where = (record.topic, record.partition)
        last[where] = max(last.get(where, record), record, key=lambda one: one.offset)
    # Without its epoch, an offset would fit any log that is as long.
    return [TopicPartition(*where, record.offset + 1, "", _epoch(record)) for where, record in last.items()]


def _epoch(record: Record) -> int:
    return -1 if record.leader_epoch is None else record.leader_epoch
