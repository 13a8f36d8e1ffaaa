"""Whether a partition still is the log that a stage has read: a broker may lose records, and write others instead."""

from collections.abc import Iterable, Iterator

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from shared.kafka.log import LogLost, LostOffsets, OffsetLost, Where

PATIENCE = 45.0
"""Seconds for the group to say where it is: after a crash it first ends the transactions that were under way."""


class Continuity:
    """Has each partition begin with the record before the committed offset, and sees whether it is the one we read.

    librdkafka compares the leaders' epochs of a log only while it reads it. For topics from which nothing is removed.
    """

    def __init__(self, consumer: Consumer, lost: LostOffsets) -> None:
        self._consumer = consumer
        self._lost = lost
        self._read: dict[Where, TopicPartition] = {}
        self._ended = False

    def begin(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """These are assigned. Those that were never read begin at their beginning."""
        if self._ended:
            return  # nobody will read them, and the group's answer would be waited for
        begin = []
        for item in _committed(consumer, partitions):
            where = (item.topic, item.partition)
            self._read.pop(where, None)
            if item.offset > 0:
                self._read[where] = item
            begin.append(TopicPartition(*where, item.offset - 1 if item.offset > 0 else OFFSET_BEGINNING))
        consumer.incremental_assign(begin)

    def end(self) -> None:
        """The consumer is about to leave: what is assigned to it yet does not matter."""
        self._ended = True

    def news(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Those of `messages` that were not read before. Raises OffsetLost."""
        astray: set[Where] = set()
        for message in messages:
            where = (message.topic() or "", message.partition() or 0)
            error = message.error()
            if error is not None and error.code() == KafkaError._AUTO_OFFSET_RESET:
                raise OffsetLost(*where)
            if where in self._read and (error is None or error.code() == KafkaError._PARTITION_EOF):
                if not _is(message, self._read.pop(where)):
                    self._go_on(where)
                    astray.add(where)
            elif where not in astray:
                yield message

    def _go_on(self, where: Where) -> None:
        """The partition is another log. Where to go on in it, a person says."""
        if self._lost == "stop":
            raise OffsetLost(*where)
        self._consumer.seek(TopicPartition(*where, OFFSET_BEGINNING if self._lost == "beginning" else OFFSET_END))


def _committed(consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
    """Where the group has come to."""
    try:
        found = consumer.committed(partitions, timeout=PATIENCE)
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
