"""Reads topics as any subscriber can. Black box: imports nothing of ours."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

INSTANCE_TOPICS = tuple(
    f"clean.instance.{name}" for name in ("anonymised", "validated", "rejected", "indexed", "thumbnailed")
)


@dataclass(frozen=True)
class Record:
    """A record as it lies in a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    def header(self, name: str) -> str | None:
        return next((raw.decode() for key, raw in self.headers if key == name), None)

    @property
    def id(self) -> str | None:
        return self.header("ce_id")

    def event(self) -> dict[str, Any]:
        """The value, JSON; empty when it is none."""
        try:
            found = json.loads(self.value or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Topics:
    """All topics of one broker."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    def names(self) -> list[str]:
        """Those that are not Kafka's own."""
        found = AdminClient({"bootstrap.servers": self._bootstrap}).list_topics(timeout=10).topics
        return sorted(name for name in found if not name.startswith("__"))

    def records(self, *topics: str, committed: bool = True) -> list[Record]:
        """Every record of `topics`, up to the end as it is when it is reached; only committed ones, or aborted too."""
        consumer = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "system-tests",
                "isolation.level": "read_committed" if committed else "read_uncommitted",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 50,
            }
        )
        try:
            known = consumer.list_topics(timeout=10).topics
            unread = {(name, number) for name in topics for number in known[name].partitions}
            consumer.assign([TopicPartition(*where, OFFSET_BEGINNING) for where in unread])
            return list(_to_end(consumer, unread))
        finally:
            consumer.close()

    def events(self, topic: str, **fields: object) -> list[dict[str, Any]]:
        """The events of `topic` whose fields have these values."""
        found = (record.event() for record in self.records(topic))
        return [event for event in found if all(event.get(name) == value for name, value in fields.items())]

    def publish(self, *records: Record) -> None:
        """Write records, as somebody who is not us might."""
        producer = Producer({"bootstrap.servers": self._bootstrap, "acks": "all"})
        for record in records:
            producer.produce(record.topic, record.value, record.key, headers=list(record.headers))
        assert producer.flush(20) == 0, "the broker did not take all of it"

    def behind(self, group: str, topics: Iterable[str]) -> int:
        """How many offsets of `topics` the group has not committed."""
        consumer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": group})
        try:
            known = consumer.list_topics(timeout=10).topics
            parts = [TopicPartition(name, number) for name in topics for number in known[name].partitions]
            lag = 0
            for part in consumer.committed(parts, timeout=10):
                low, high = consumer.get_watermark_offsets(part, timeout=10)
                lag += high - (part.offset if part.offset >= 0 else low)
            return lag
        finally:
            consumer.close()


def _to_end(consumer: Consumer, unread: set[tuple[str, int]]) -> Iterable[Record]:
    while unread:
        for message in consumer.consume(500, 0.5):
            error = message.error()
            if error is None:
                yield record_of(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                unread.discard((message.topic() or "", message.partition() or 0))
            else:
                raise AssertionError(f"cannot read {message.topic()}: {error.name()}")


def record_of(message: Message) -> Record:
    """What a message carries."""
    key, value = message.key(), message.value()
    found = message.headers() or []
    pairs = found.items() if isinstance(found, dict) else found
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=key.encode() if isinstance(key, str) else key,
        value=value.encode() if isinstance(value, str) else value,
        headers=tuple((name, raw.encode() if isinstance(raw, str) else raw or b"") for name, raw in pairs),
    )
