"""A log in memory. It passes tests/contract/test_log.py like KafkaLog."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from shared.events.lanes import Lane
from shared.kafka import CommitAborted, Output, Record, TooLarge
from shared.kafka.shares import LIVE, SHARES, Shares
from shared.outcome import Transient

LIMIT = 4_194_304
EACH = 0.05
"""Seconds that a record is said to have taken."""


class MemoryBroker:
    """Topics of one partition each, and the offsets that groups committed."""

    def __init__(self) -> None:
        self.topics: dict[str, list[Record]] = defaultdict(list)
        self.committed: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)

    def produce(self, output: Output) -> None:
        records = self.topics[output.topic]
        records.append(
            Record(output.topic, 0, len(records), datetime.now(UTC), output.key, output.value, output.headers)
        )


class MemoryPublisher(MemoryBroker):
    """The broker as the receiver sees it: refuses while it is `away`."""

    away = False

    def publish(self, output: Output) -> None:
        """As `Publisher.publish`."""
        if self.away:
            raise Transient("away")
        self.produce(output)


class MemoryLog:
    """One worker of one stage. `away` and `aborts` make the next commits fail that often."""

    def __init__(
        self,
        broker: MemoryBroker,
        group: str,
        topics: Sequence[str],
        bulk: Sequence[str] = (),
        rerun: Sequence[str] = (),
        parked: Sequence[str] = (),
    ) -> None:
        self.broker = broker
        self._parked = parked
        self._ends: dict[str, int] = {}
        self._most = 0
        self.away = 0
        self.aborts = 0
        self.commits: list[tuple[int, int]] = []
        self.lost: set[str] = set()
        self._group = group
        self._lanes: dict[Lane, Sequence[str]] = {LIVE: topics, "bulk": bulk, "rerun": rerun}
        self._shares = Shares(SHARES)
        self._position = dict(broker.committed[group])

    def poll(self, limit: int, timeout: float) -> list[Record]:
        for lane in self._shares.order():
            if taken := list(self._next(lane, self._shares.limit(lane, limit))):
                break
            self._shares.empty(lane)
        else:
            return []
        self._shares.spent(lane, len(taken), EACH * len(taken))
        for record in taken:
            self._position[record.topic, record.partition] = record.offset + 1
        return taken

    def idle(self, timeout: float) -> None:
        """Nobody to stay in touch with."""

    def owns(self, record: Record) -> bool:
        return record.topic not in self.lost

    def commit(self, batch: Sequence[Record], outputs: Sequence[Output]) -> None:
        if self.away:
            self.away -= 1
            raise Transient("away")
        for index, output in enumerate(outputs):
            if len(output.value) > LIMIT:
                raise TooLarge(index)
        if self.aborts:
            self.aborts -= 1
            self._position = dict(self.broker.committed[self._group])
            raise CommitAborted("aborted")
        for output in outputs:
            self.broker.produce(output)
        for record in batch:
            self.broker.committed[self._group][record.topic, record.partition] = record.offset + 1
        self.commits.append((len(batch), len(outputs)))

    def unpark(self, most: int) -> None:
        self._ends = {topic: len(self.broker.topics[topic]) for topic in self._parked if most}
        self._most = most

    @property
    def unparking(self) -> bool:
        return any(self._waiting(topic) for topic in self._ends)

    def give_up(self, batch: Sequence[Record]) -> None:
        self._position = dict(self.broker.committed[self._group])

    def lag(self) -> Mapping[Lane, int]:
        return {lane: sum(map(self._behind, topics)) for lane, topics in self._lanes.items()}

    def close(self) -> None:
        """Nothing to leave."""

    def _behind(self, topic: str) -> int:
        return len(self.broker.topics[topic]) - self._position.get((topic, 0), 0)

    def _waiting(self, topic: str) -> Sequence[Record]:
        return self.broker.topics[topic][self._position.get((topic, 0), 0) : self._ends[topic]]

    def _next(self, lane: Lane, limit: int) -> Iterator[Record]:
        if lane == "rerun":
            waiting = [record for topic in self._ends for record in self._waiting(topic)][: min(limit, self._most)]
            limit -= len(waiting)
            yield from (replace(record, lane=lane) for record in waiting)
        for topic in self._lanes[lane]:
            for record in self.broker.topics[topic][self._position.get((topic, 0), 0) :]:
                if limit == 0:
                    return
                limit -= 1
                yield replace(record, lane=lane)
