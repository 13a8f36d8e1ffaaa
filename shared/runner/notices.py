"""What others tell a stage while it works: other workers of their brakes, people of their releases."""

from collections.abc import Sequence
from typing import Protocol

from shared.kafka import Following, read_to_end
from shared.kafka.log import Record

MANY = 500
"""Records taken at once."""


class Notices(Protocol):
    """Records of some topics, to be asked in every round of a loop that must not wait."""

    def so_far(self) -> Sequence[Record]:
        """What there is by now. Raises Transient."""
        ...

    def news(self) -> Sequence[Record]:
        """What has come, and perhaps what was told before. Raises Transient and LogLost."""
        ...

    def close(self) -> None:
        """No more."""
        ...


class Silence:
    """Nobody tells anything."""

    def so_far(self) -> Sequence[Record]:
        return ()

    def news(self) -> Sequence[Record]:
        return ()

    def close(self) -> None:
        """Nothing to end."""


class KafkaNotices:
    """The real ones: one consumer without a group, which is asked without waiting."""

    def __init__(self, bootstrap: str, reader: str, topics: Sequence[str]) -> None:
        self._bootstrap = bootstrap
        self._reader = reader
        self._topics = topics
        self._following: Following | None = None

    def so_far(self) -> Sequence[Record]:
        return list(read_to_end(self._bootstrap, self._topics))

    def news(self) -> Sequence[Record]:
        if self._following is None:
            self._following = Following(self._bootstrap, self._reader, self._topics, {})
        return self._following.poll(MANY, 0.0)

    def close(self) -> None:
        if self._following is not None:
            self._following.close()
