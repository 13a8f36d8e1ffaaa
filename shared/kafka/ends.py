"""Where topics end, and whether a reader that keeps its own positions has all that they hold."""

import time
from collections.abc import Collection, Mapping, Sequence

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # typed, but re-exported without `as`
    AdminClient,
    OffsetSpec,
)

from shared.kafka import config
from shared.kafka.log import Where
from shared.outcome import Transient

_BRIEF = 20
"""Milliseconds that the broker may hold back that there is nothing more."""


def written_up_to(bootstrap: str, topics: Collection[str], timeout: float = 10.0) -> dict[Where, int]:
    """The offset behind the last record of each partition, also of records whose transaction is not decided yet, and
    of those that were acknowledged behind such a one.

    Raises Transient, also when a topic is not listed: a broker that has just started may not know it yet.
    """
    client = AdminClient(config.common(bootstrap))
    try:
        found = client.list_topics(timeout=timeout).topics
        if not found.keys() >= set(topics):
            raise Transient("a topic is not listed")
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(name, number): latest for name in topics for number in found[name].partitions}
        asked = client.list_offsets(wanted, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=timeout)
        return {(item.topic, item.partition): told.result(timeout).offset for item, told in asked.items()}
    except KafkaException as away:
        raise Transient(away.args[0].name()) from None
    except TimeoutError:
        raise Transient("no answer") from None


def without_records(bootstrap: str, gaps: Mapping[Where, Sequence[int]], timeout: float = 10.0) -> set[Where]:
    """Of `gaps`, a first offset and the one behind the last for each partition, those in which no record is and none
    can come: markers of transactions take offsets too. Raises Transient."""
    consumer = Consumer(config.follower(bootstrap, "isocentre-ends") | {"fetch.wait.max.ms": _BRIEF})
    silent, open_ones, until = set[Where](), set(gaps), time.monotonic() + timeout
    try:
        consumer.assign([TopicPartition(*where, start) for where, (start, _) in gaps.items()])
        while open_ones and time.monotonic() < until:
            for message in consumer.consume(100, 0.05):
                where, error = (message.topic() or "", message.partition() or 0), message.error()
                if error is None or error.code() == KafkaError._PARTITION_EOF:
                    # An end before that of the gap: a transaction is not decided yet.
                    if where in open_ones and (message.offset() or 0) >= gaps[where][1]:
                        silent.add(where)
                    open_ones.discard(where)
    except KafkaException as away:
        raise Transient(away.args[0].name()) from None
    finally:
        consumer.close()
    return silent
