"""Reading topics for ever without a group, from positions that readers keep beside what they make of the records."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from shared.kafka import config
from shared.kafka.bounded import bounded
from shared.kafka.log import LogLost, Record, Where
from shared.kafka.reader import record_of
from shared.outcome import Transient


class Position(NamedTuple):
    """How far a partition was read: `next` offset, and of the record before it the leader's epoch and the time."""

    next: int
    epoch: int
    stamp: datetime


def position_after(record: Record) -> Position:
    """Where a reader stands who has taken `record`."""
    return Position(record.offset + 1, -1 if record.leader_epoch is None else record.leader_epoch, record.timestamp)


class Following:
    """All partitions of some topics, committed records only.

    A partition that was cut, or that is another log than the one that was read, is read from its beginning: for
    readers to whom a record that comes again tells nothing new. Not thread-safe.
    """

    def __init__(
        self,
        bootstrap: str,
        reader: str,
        topics: Sequence[str],
        start: Mapping[Where, Position],
        timeout: float = 10.0,
    ) -> None:
        """Raises Transient when no broker answers within `timeout` seconds."""
        self._consumer = Consumer(config.follower(bootstrap, reader))
        self._expected = dict(start)
        self._at_end: set[Where] = set()
        self._next = {where: known.next for where, known in start.items()}
        try:
            found = self._consumer.list_topics(timeout=timeout).topics
        except KafkaException as away:
            self._consumer.close()
            raise Transient(away.args[0].name()) from None
        partitions = [(name, number) for name in topics if name in found for number in found[name].partitions]
        self._consumer.assign([TopicPartition(*where, self._begin(where)) for where in partitions])

    def poll(self, limit: int, timeout: float) -> list[Record]:
        """Up to `limit` records; waits until there are as many, at most `timeout` seconds. Raises LogLost."""
        taken = []
        astray: set[Where] = set()
        for message in self._consumer.consume(limit, timeout):
            where = (message.topic() or "", message.partition() or 0)
            ends = _ends(message)
            if where in astray or (message.error() is not None and not ends):
                continue
            if where in self._expected:
                if not _is(message, self._expected.pop(where)):
                    self._consumer.seek(TopicPartition(*where, OFFSET_BEGINNING))
                    astray.add(where)
            elif ends:
                self._at_end.add(where)
            else:
                taken.append(record_of(message))
                self._at_end.discard(where)
                self._next[where] = taken[-1].offset + 1
        return taken

    def lag(self) -> dict[str, int]:
        """Records behind the end of each topic, as far as known."""
        behind: dict[str, int] = {}
        for item in self._consumer.assignment():
            where = (item.topic, item.partition)
            known = behind.setdefault(item.topic, 0)
            if where not in self._at_end:
                low, high = self._consumer.get_watermark_offsets(item, cached=True)
                behind[item.topic] = known + max(0, high - max(low, self._next.get(where, 0)))
        return behind

    def close(self) -> None:
        """Let the broker go."""
        bounded(self._consumer.close)

    def _begin(self, where: Where) -> int:
        """With the record that was read last, to see whether it is still there."""
        known = self._expected.get(where)
        return OFFSET_BEGINNING if known is None else known.next - 1


def _ends(message: Message) -> bool:
    """Whether it tells that its partition has been read to its end. Raises LogLost for what ends the client."""
    error = message.error()
    if error is not None and error.fatal():
        raise LogLost(error.name())
    return error is not None and error.code() == KafkaError._PARTITION_EOF


def _is(message: Message, known: Position) -> bool:
    """Whether it is the record that was read last."""
    return message.error() is None and position_after(record_of(message)) == known
