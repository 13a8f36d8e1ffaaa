"""The topics of a node as whoever erases needs them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from infra.operating.desk import Desk
from infra.operating.topics import decoded, tell
from shared.events import Event, InstanceRetracted
from shared.kafka import config, read_to_end
from shared.outcome import Transient

DESK = "erase"
INDEXER = "indexer"
"""The group that takes out of the index what was retracted."""

Ends = Mapping[tuple[str, int], int]
"""The offset behind the last record that was read, by topic and partition."""

_LOOK = 0.5
"""Seconds between two questions how far the index is."""


class KafkaTopics:
    """One node's. `log`: a file that gets a line for each audit event, once it is published."""

    def __init__(self, bootstrap: str, log: Path | None = None) -> None:
        self._bootstrap = bootstrap
        self._log = log

    def read(self, topics: Sequence[str]) -> Iterator[Event]:
        """All that they say by now, but for what nobody here can read. Raises Transient."""
        for record in read_to_end(self._bootstrap, topics):
            if record.value is not None and (event := decoded(record)) is not None:
                yield event

    def tell(self, events: Iterable[Event]) -> None:
        """Publish what decides nothing. Raises Transient; Misconfigured when the audit file cannot be written."""
        tell(self._bootstrap, self._log, events)

    def sit_down(self) -> Desk:
        """The right to publish erasures, taken from whoever has it. Raises Transient."""
        return Desk(self._bootstrap, DESK, self._log)

    def index_follows(self, seconds: float) -> bool:
        """Wait until the index has done what it was told so far; False when it has not within `seconds`."""
        ends: dict[tuple[str, int], int] = {}
        for record in read_to_end(self._bootstrap, [InstanceRetracted.topic]):
            ends[record.topic, record.partition] = record.offset + 1
        until = time.monotonic() + seconds
        while not self._has_passed(ends):
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK)
        return True

    def _has_passed(self, ends: Ends) -> bool:
        places = [TopicPartition(*where) for where in ends]
        asked = ConsumerGroupTopicPartitions(INDEXER, places)
        if not places:
            return True
        try:
            client = AdminClient(config.common(self._bootstrap))
            answer = client.list_consumer_group_offsets([asked])[INDEXER].result(10)
        except KafkaException as away:
            raise Transient(away.args[0].name()) from None
        passed = {(item.topic, item.partition): item.offset for item in answer.topic_partitions}
        return all(passed.get(where, -1) >= end for where, end in ends.items())
