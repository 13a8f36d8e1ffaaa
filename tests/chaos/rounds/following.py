"""Reads all topics as any subscriber can, committed records only, each record once, a little further each time."""

import random
from collections.abc import Callable, Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from tests.chaos.rounds.kafka import client
from tests.support.topics import Record, record_of

Where = tuple[str, int]


SILENCE = 10.0
"""Seconds without a word from the broker."""


class Silent(Exception):
    """The broker says nothing."""


class Follower:
    """A reader that remembers how far it has come; it is in no group that commits."""

    def __init__(self, bootstrap: str, *, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._consumer = Consumer(
            {
                **client(bootstrap),
                "group.id": "chaos-witness",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 50,
            }
        )
        self._next: dict[Where, int] = {}

    def close(self) -> None:
        self._consumer.close()

    def news(self) -> Iterator[Record]:
        """What is there and was not there before. Raises KafkaException or Silent when the broker is away."""
        unread = set(self._parts())
        self._consumer.assign([TopicPartition(*part, self._next.get(part, OFFSET_BEGINNING)) for part in unread])
        while unread:
            messages = self._consumer.consume(1000, SILENCE)
            if not messages:
                raise Silent
            for message in messages:
                where = (message.topic() or "", message.partition() or 0)
                error = message.error()
                if error is None:
                    self._next[where] = (message.offset() or 0) + 1
                    yield record_of(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    # Behind the last record there may be marks of transactions.
                    self._next[where] = message.offset() or 0
                    unread.discard(where)
                else:
                    raise KafkaException(error)

    def _parts(self) -> Iterator[Where]:
        known = self._consumer.list_topics(timeout=10).topics
        for name, topic in known.items():
            if self._wanted(name):
                yield from ((name, number) for number in topic.partitions)


def some(bootstrap: str, topic: str, count: int, chance: random.Random) -> list[Record]:
    """So many records that stand together somewhere in `topic`; fewer when there are fewer."""
    consumer = Consumer({**client(bootstrap), "group.id": "chaos-copies", "enable.partition.eof": True})
    try:
        parts = [TopicPartition(topic, number) for number in consumer.list_topics(timeout=10).topics[topic].partitions]
        ends = {part.partition: consumer.get_watermark_offsets(part, timeout=10)[1] for part in parts}
        full = [number for number, end in ends.items() if end]
        if not full:
            return []
        number = chance.choice(full)
        consumer.assign([TopicPartition(topic, number, chance.randrange(max(1, ends[number] - count)))])
        messages = consumer.consume(count, 2.0)
        return [record_of(message) for message in messages if message.error() is None]
    finally:
        consumer.close()
