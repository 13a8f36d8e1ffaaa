"""The real `Log`: a consumer and a transactional producer as one."""

import time
from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from shared.kafka import config
from shared.kafka.log import CommitAborted, LogLost, Output, Record, TooLarge
from shared.kafka.reader import record_of
from shared.outcome import Transient

GATHER = 0.02
"""Seconds to wait for more records once the first one is there."""

PATIENCE = 5.0
"""Seconds for one call to the transaction coordinator; half of the transaction's own time-out."""


class KafkaLog:
    """One worker of one stage. Not thread-safe: the runner's loop owns it."""

    def __init__(self, bootstrap: str, stage: str, instance: str, topics: Sequence[str], group: str = "") -> None:
        self._producer = Producer(config.transactional(bootstrap, stage, instance))
        self._consumer = Consumer(config.consumer(bootstrap, group or stage, instance))
        self._topics = list(topics)
        self._stash: list[Message] = []
        self._initialised = False

    def poll(self, limit: int, timeout: float) -> list[Record]:
        self._open()
        messages = self._stash or self._consumer.consume(1, timeout)
        self._stash = []
        if messages and len(messages) < limit:
            messages += self._consumer.consume(limit - len(messages), GATHER)
        _raise_fatal(messages)
        return [record_of(message) for message in messages if message.error() is None]

    def idle(self, timeout: float) -> None:
        assigned = self._consumer.assignment()
        if assigned:
            self._consumer.pause(assigned)
        # A partition that is assigned meanwhile is not paused and may deliver: kept for the next poll.
        message = self._consumer.poll(timeout)
        if message is not None:
            _raise_fatal([message])
            self._stash += [message] if message.error() is None else []
        assigned = self._consumer.assignment()
        if assigned:
            self._consumer.resume(assigned)

    def owns(self, record: Record) -> bool:
        return any(
            item.topic == record.topic and item.partition == record.partition for item in self._consumer.assignment()
        )

    def commit(self, batch: Sequence[Record], outputs: Sequence[Output]) -> None:
        self._transact(self._producer.begin_transaction)
        try:
            self._produce(outputs)
            metadata = self._consumer.consumer_group_metadata()
            self._transact(lambda: self._producer.send_offsets_to_transaction(_next(batch), metadata, PATIENCE))
            self._transact(lambda: self._producer.commit_transaction(PATIENCE))
        except TooLarge:
            self._transact(lambda: self._producer.abort_transaction(PATIENCE))
            raise
        except CommitAborted:
            self._transact(lambda: self._producer.abort_transaction(PATIENCE))
            self._rewind(batch)
            raise

    def lag(self) -> int:
        behind = 0
        for item in self._consumer.position(self._consumer.assignment()):
            _, high = self._consumer.get_watermark_offsets(item, cached=True)
            if high > 0 and item.offset >= 0:
                behind += max(0, high - item.offset)
        return behind

    def close(self) -> None:
        self._consumer.close()

    def _open(self) -> None:
        if not self._initialised:
            # Also ends whatever transaction an earlier worker of this name left open.
            self._transact(lambda: self._producer.init_transactions(PATIENCE))
            self._consumer.subscribe(self._topics)
            self._initialised = True

    def _produce(self, outputs: Sequence[Output]) -> None:
        for index, output in enumerate(outputs):
            try:
                self._producer.produce(output.topic, output.value, output.key, headers=list(output.headers))
            except BufferError:
                self._producer.poll(0.1)
                self._producer.produce(output.topic, output.value, output.key, headers=list(output.headers))
            except KafkaException as refused:
                if refused.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
                    raise TooLarge(index) from None
                raise

    def _transact(self, step: Callable[[], object]) -> None:
        """Run one step of the transaction, sorting its errors into the three kinds there are."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                step()
                return
            except KafkaException as failed:
                error: KafkaError = failed.args[0]
                if error.fatal():
                    raise LogLost(error.name()) from None
                if error.txn_requires_abort():
                    raise CommitAborted(error.name()) from None
                if not error.retriable():
                    raise LogLost(error.name()) from None
                if time.monotonic() > deadline:
                    raise Transient(error.name()) from None

    def _rewind(self, batch: Sequence[Record]) -> None:
        """Deliver the batch again from its first record on, in those partitions that are still ours."""
        self._stash = []
        for topic, partition, offset in _firsts(batch):
            target = TopicPartition(topic, partition, offset)
            if any(item.topic == topic and item.partition == partition for item in self._consumer.assignment()):
                self._consumer.seek(target)


def _next(batch: Sequence[Record]) -> list[TopicPartition]:
    """The offsets to commit: one behind the last record of each partition."""
    ends: dict[tuple[str, int], int] = {}
    for record in batch:
        where = (record.topic, record.partition)
        ends[where] = max(ends.get(where, 0), record.offset + 1)
    return [TopicPartition(topic, partition, offset) for (topic, partition), offset in ends.items()]


def _firsts(batch: Sequence[Record]) -> list[tuple[str, int, int]]:
    starts: dict[tuple[str, int], int] = {}
    for record in batch:
        where = (record.topic, record.partition)
        starts[where] = min(starts.get(where, record.offset), record.offset)
    return [(topic, partition, offset) for (topic, partition), offset in starts.items()]


def _raise_fatal(messages: Sequence[Message]) -> None:
    for message in messages:
        error = message.error()
        if error is not None and error.fatal():
            raise LogLost(error.name())
