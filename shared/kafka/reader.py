"""Reading topics outside any group: rebuilding a view, or watching as an operator."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from shared.kafka import config
from shared.kafka.log import Record
from shared.outcome import Transient

Offsets = Mapping[tuple[str, int], int]
"""The next offset to read, by topic and partition."""


def record_of(message: Message) -> Record:
    """The record in a consumed message."""
    key = message.key()
    value = message.value()
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        timestamp=datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
        key=key.decode("utf-8", "replace") if isinstance(key, bytes) else key,
        value=value.encode() if isinstance(value, str) else value,
        headers=tuple((name, raw or b"") for name, raw in message.headers() or []),
    )


def end_offsets(bootstrap: str, topics: Sequence[str], timeout: float = 10.0) -> dict[tuple[str, int], int]:
    """The offset behind the last record of every partition of `topics`."""
    consumer = _consumer(bootstrap)
    try:
        return {
            (item.topic, item.partition): consumer.get_watermark_offsets(item, timeout=timeout)[1]
            for item in _partitions(consumer, topics, timeout)
        }
    except KafkaException as away:
        raise Transient(away.args[0].name()) from None
    finally:
        consumer.close()


def read_to_end(bootstrap: str, topics: Sequence[str], start: Offsets | None = None) -> Iterator[Record]:
    """All committed records of `topics` from `start` (else the beginning) to the end as it is now."""
    ends = end_offsets(bootstrap, topics)
    begin = start or {}
    open_ends = {where: end for where, end in ends.items() if begin.get(where, 0) < end}
    if not open_ends:
        return
    consumer = _consumer(bootstrap)
    try:
        consumer.assign([TopicPartition(*where, begin.get(where, OFFSET_BEGINNING)) for where in open_ends])
        while open_ends:
            for message in _take(consumer, 0.2):
                yield record_of(message)
            positions = consumer.position([TopicPartition(*where) for where in open_ends])
            # Control records are not delivered, so the position tells the end, not the last record.
            for item in positions:
                if item.offset >= open_ends[item.topic, item.partition]:
                    del open_ends[item.topic, item.partition]
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
            yield [record_of(message) for message in _take(consumer, 0.2)]
    except KafkaException as away:
        raise Transient(away.args[0].name()) from None
    finally:
        consumer.close()


def _take(consumer: Consumer, timeout: float) -> list[Message]:
    return [message for message in consumer.consume(500, timeout) if message.error() is None]


def _partitions(consumer: Consumer, topics: Sequence[str], timeout: float) -> list[TopicPartition]:
    found = consumer.list_topics(timeout=timeout).topics
    return [TopicPartition(name, number) for name in topics if name in found for number in found[name].partitions]


def _consumer(bootstrap: str) -> Consumer:
    return Consumer(
        config.common(bootstrap)
        | {
            # Required by the client and never used: nothing is committed.
            "group.id": "isocentre-reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.message.max.bytes": 4_194_304,
        }
    )
