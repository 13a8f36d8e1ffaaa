"""Reading topics outside any group: rebuilding a view, or watching as an operator."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from shared.events.lanes import Lane
from shared.kafka import config
from shared.kafka.log import Record
from shared.outcome import Transient

_SILENCE = 30.0
"""Seconds without a record after which the broker counts as away."""

_BRIEF = 20
"""Milliseconds. Who reads to an end that is there already waits for nothing else."""

Offsets = Mapping[tuple[str, int], int]
"""The next offset to read, by topic and partition."""


def record_of(message: Message, lane: Lane = "live") -> Record:
    """The record in a message that was consumed on `lane`."""
    key = message.key()
    value = message.value()
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        timestamp=datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
        key=key.decode("utf-8", "replace") if isinstance(key, bytes) else key,
        value=value.encode() if isinstance(value, str) else value,
        headers=tuple(_headers(message)),
        leader_epoch=message.leader_epoch(),
        lane=lane,
    )


def _headers(message: Message) -> Iterator[tuple[str, bytes]]:
    found = message.headers() or []
    for name, raw in found.items() if isinstance(found, dict) else found:
        yield name, raw.encode() if isinstance(raw, str) else raw or b""


def end_offsets(bootstrap: str, topics: Sequence[str], timeout: float = 10.0) -> dict[tuple[str, int], int]:
    """The offset behind the last record of every partition of `topics`."""
    consumer = _consumer(bootstrap)
    try:
        return {
            (item.topic, item.partition): _end(consumer, item, timeout)
            for item in _partitions(consumer, topics, timeout)
        }
    except KafkaException as away:
        raise Transient(away.args[0].name()) from None
    finally:
        consumer.close()


def read_to_end(bootstrap: str, topics: Sequence[str], start: Offsets | None = None) -> Iterator[Record]:
    """All committed records of `topics` from `start` (else the beginning) to the end as it is now."""
    begin = start or {}
    unread = {where for where, end in end_offsets(bootstrap, topics).items() if begin.get(where, 0) < end}
    if not unread:
        return
    consumer = _consumer(bootstrap, wait=_BRIEF)
    try:
        consumer.assign([TopicPartition(*where, begin.get(where, OFFSET_BEGINNING)) for where in unread])
        silent_since: float | None = None
        while unread:
            news = False
            for message in consumer.consume(500, 0.2):
                error = message.error()
                news = news or error is None or error.code() == KafkaError._PARTITION_EOF
                if error is None:
                    yield record_of(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    unread.discard((message.topic() or "", message.partition() or 0))
            if news:
                silent_since = None
            elif silent_since is None:
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since > _SILENCE:
                raise Transient("no answer")
    except KafkaException as away:
        raise Transient(away.args[0].name()) from None
    finally:
        consumer.close()


def tail(bootstrap: str, topics: Sequence[str], start: Offsets | None = None) -> Iterator[list[Record]]:
    """Committed records of `topics` from `start` (else the beginning), for ever; an empty list when nothing came."""
    consumer = _consumer(bootstrap)
    begin = start or {}
    try:
        found = _partitions(consumer, topics, 10.0)
        consumer.assign(
            [
                TopicPartition(item.topic, item.partition, begin.get((item.topic, item.partition), OFFSET_BEGINNING))
                for item in found
            ]
        )
        while True:
            yield [record_of(message) for message in consumer.consume(500, 0.2) if message.error() is None]
    except KafkaException as away:
        raise Transient(away.args[0].name()) from None
    finally:
        consumer.close()


def record_at(bootstrap: str, topic: str, partition: int, offset: int, timeout: float = 10.0) -> Record | None:
    """The committed record at these coordinates; None when it is not there any more.

    Raises Transient when it has not come within `timeout` seconds.
    """
    consumer = _consumer(bootstrap, wait=_BRIEF)
    until = time.monotonic() + timeout
    try:
        if TopicPartition(topic, partition) not in _partitions(consumer, [topic], timeout):
            return None
        consumer.assign([TopicPartition(topic, partition, offset)])
        while time.monotonic() < until:
            for message in consumer.consume(1, 0.2):
                error = message.error()
                if error is None:
                    found = record_of(message)
                    return found if found.offset == offset else None
                if error.code() == KafkaError._PARTITION_EOF:
                    return None
        raise Transient("no answer")
    except KafkaException as away:
        raise Transient(away.args[0].name()) from None
    finally:
        consumer.close()


def _end(consumer: Consumer, item: TopicPartition, timeout: float) -> int:
    watermarks: tuple[int, int] = consumer.get_watermark_offsets(item, timeout=timeout)
    return watermarks[1]


def _partitions(consumer: Consumer, topics: Sequence[str], timeout: float) -> list[TopicPartition]:
    found = consumer.list_topics(timeout=timeout).topics
    return [TopicPartition(name, number) for name in topics if name in found for number in found[name].partitions]


def _consumer(bootstrap: str, wait: int = 500) -> Consumer:
    """`wait`: milliseconds for which the broker may hold back that there is nothing more."""
    return Consumer(
        config.common(bootstrap)
        | {
            # Required by the client and never used: nothing is committed.
            "group.id": "isocentre-reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": wait,
            "fetch.message.max.bytes": 4_194_304,
        }
    )
