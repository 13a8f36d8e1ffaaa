"""The real `Log`: a consumer and a transactional producer as one."""

from collections.abc import Callable, Sequence

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from shared import schemas
from shared.kafka import config
from shared.kafka.log import CommitAborted, LogLost, LostOffsets, OffsetLost, Output, Record
from shared.kafka.reader import record_of
from shared.kafka.transaction import Transaction

Where = tuple[str, int]
"""Topic and partition."""

COMMITTED = 45.0
"""Seconds for the group to say where it is."""

GATHER = 0.02
"""Seconds to wait for more records once the first one is there."""


class KafkaLog:
    """One worker of one stage. Not thread-safe: the runner's loop owns it."""

    def __init__(
        self,
        bootstrap: str,
        stage: str,
        instance: str,
        topics: Sequence[str],
        limit: Callable[[str], int] = schemas.message_limit,
        lost: LostOffsets = "stop",
    ) -> None:
        self._producer = Producer(config.transactional(bootstrap, stage, instance))
        self._consumer = Consumer(config.consumer(bootstrap, stage, instance, lost))
        self._lost = lost
        self._read: dict[Where, TopicPartition] = {}
        self._topics = list(topics)
        self._stash: list[Message] = []
        self._gone: set[Where] = set()
        self._at_end: set[Where] = set()
        self._next_offset: dict[Where, int] = {}
        self._transaction = Transaction(self._producer, limit)
        self._initialised = False

    def poll(self, limit: int, timeout: float) -> list[Record]:
        self._open()
        self._gone.clear()
        messages, self._stash = self._stash, []
        messages = messages or self._take(1, timeout)
        if messages and len(messages) < limit:
            messages += self._take(limit - len(messages), GATHER)
        return [record_of(message) for message in messages]

    def idle(self, timeout: float) -> None:
        self._consumer.pause(self._consumer.assignment())
        # A partition that is assigned meanwhile is not paused and may deliver: kept for the next poll.
        self._stash += self._take(1, timeout)
        self._consumer.resume(self._consumer.assignment())

    def owns(self, record: Record) -> bool:
        return (record.topic, record.partition) not in self._gone

    def commit(self, batch: Sequence[Record], outputs: Sequence[Output]) -> None:
        try:
            self._transaction.run(outputs, _next(batch), self._consumer.consumer_group_metadata())
        except CommitAborted:
            self._rewind(batch)
            raise

    def lag(self) -> int:
        behind = 0
        for item in self._consumer.assignment():
            where = (item.topic, item.partition)
            if where not in self._at_end and where in self._next_offset:
                _, high = self._consumer.get_watermark_offsets(item, cached=True)
                behind += max(0, high - self._next_offset[where])
        return behind

    def close(self) -> None:
        self._consumer.close()

    def _open(self) -> None:
        if not self._initialised:
            # Also ends whatever transaction an earlier worker of this name left open.
            self._transaction.initialise()
            self._consumer.subscribe(
                self._topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
            )
            self._initialised = True

    def _take(self, limit: int, timeout: float) -> list[Message]:
        """Real messages; the ends of partitions are noted, fatal errors raised, others left to the client."""
        taken: list[Message] = []
        astray: set[Where] = set()
        for message in self._consumer.consume(limit, timeout):
            error = message.error()
            where = (message.topic() or "", message.partition() or 0)
            if where in astray:
                continue
            if where in self._read and (error is None or error.code() == KafkaError._PARTITION_EOF):
                if not _is(message, self._read.pop(where)):
                    self._go_astray(where)
                    astray.add(where)
            elif error is None:
                taken.append(message)
                self._at_end.discard(where)
                self._next_offset[where] = (message.offset() or 0) + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                self._at_end.add(where)
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                raise OffsetLost(*where)
            elif error.fatal():
                raise LogLost(error.name())
        return taken

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Each goes on with the record before the one that was committed: to see whether it is the one that was read.

        Those that were never read begin at their beginning.
        """
        begin = []
        for item in _committed(consumer, partitions):
            where = (item.topic, item.partition)
            self._read.pop(where, None)
            if item.offset > 0:
                self._read[where] = item
            begin.append(TopicPartition(*where, item.offset - 1 if item.offset > 0 else OFFSET_BEGINNING))
        consumer.incremental_assign(begin)

    def _go_astray(self, where: Where) -> None:
        """The partition is another log than the one that was read."""
        if self._lost == "stop":
            raise OffsetLost(*where)
        self._consumer.seek(TopicPartition(*where, OFFSET_BEGINNING if self._lost == "beginning" else OFFSET_END))

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {(item.topic, item.partition) for item in partitions}
        # Also when such a partition comes back at once: what was taken from it before is delivered again.
        self._gone |= gone
        self._stash = [item for item in self._stash if (item.topic(), item.partition()) not in gone]

    def _rewind(self, batch: Sequence[Record]) -> None:
        """Deliver the batch again from its first record on, in those partitions that are still ours."""
        starts: dict[Where, int] = {}
        for record in (*batch, *(record_of(message) for message in self._stash)):
            where = (record.topic, record.partition)
            starts[where] = min(starts.get(where, record.offset), record.offset)
        self._stash = []
        for where, offset in starts.items():
            if where not in self._gone:
                self._consumer.seek(TopicPartition(*where, offset))


def _committed(consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
    """Where the group has come to."""
    try:
        found = consumer.committed(partitions, timeout=COMMITTED)
        if failed := [item.error for item in found if item.error]:
            raise KafkaException(failed[0])
    except KafkaException as away:
        # Unassigned they would be read by nobody: a new worker asks again.
        raise LogLost(away.args[0].name()) from None
    return found


def _is(message: Message, committed: TopicPartition) -> bool:
    """Whether `message` is the record that was read last: at its offset, of the same leader's time."""
    if message.error() is not None or (message.offset() or 0) + 1 != committed.offset:
        return False
    return committed.leader_epoch in (None, message.leader_epoch())


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
