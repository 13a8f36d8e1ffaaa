"""Consumer groups, as an operator handles them."""

from collections.abc import Iterator

from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

TIMEOUT = 10.0
"""Seconds."""
_LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]


def names(admin: AdminClient) -> list[str]:
    """Of all that there are. Raises KafkaException."""
    found = admin.list_consumer_groups(request_timeout=TIMEOUT).result()
    return sorted(group.group_id for group in found.valid)


def is_empty(admin: AdminClient, group: str) -> bool:
    """Whether nobody is in it."""
    (told,) = admin.describe_consumer_groups([group], request_timeout=TIMEOUT).values()
    return bool(told.result().state == ConsumerGroupState.EMPTY)


def committed(admin: AdminClient, group: str) -> list[TopicPartition]:
    """How far it has come in each partition. Raises KafkaException."""
    (told,) = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=TIMEOUT).values()
    return list(told.result().topic_partitions or [])


def set_back(admin: AdminClient, group: str, records: int) -> None:
    """Have it begin so many records earlier in each partition. Raises KafkaException when somebody is in it."""
    earlier = [
        TopicPartition(part.topic, part.partition, max(0, part.offset - records)) for part in committed(admin, group)
    ]
    if not earlier:
        return
    (told,) = admin.alter_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group, earlier)], request_timeout=TIMEOUT
    ).values()
    for part in told.result().topic_partitions or []:
        if part.error is not None:
            raise KafkaException(part.error)


def behind(admin: AdminClient, group: str) -> int:
    """Offsets that it has not committed, in all its partitions. Raises KafkaException."""
    return sum(_behind(admin, committed(admin, group)))


def _behind(admin: AdminClient, parts: list[TopicPartition]) -> Iterator[int]:
    asked = {TopicPartition(part.topic, part.partition): _LATEST for part in parts}
    ends = admin.list_offsets(asked, request_timeout=TIMEOUT)
    by_part = {(part.topic, part.partition): part.offset for part in parts}
    for part, told in ends.items():
        yield max(0, told.result().offset - max(0, by_part[part.topic, part.partition]))
