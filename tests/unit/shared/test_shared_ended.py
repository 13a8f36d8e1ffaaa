"""Bytes that are missing were deleted on purpose, or are a loss: the decisions tell."""

from collections.abc import Iterable

from shared.ended import Ended
from shared.events import Event
from tests.support.events import arrival_of, decided, quarantined


class Topic:
    """Decisions, and how often they were read."""

    def __init__(self, *events: Event) -> None:
        self.events = list(events)
        self.read = 0

    def __call__(self) -> Iterable[Event]:
        self.read += 1
        return self.events


def arrival(number: int) -> str:
    return str(arrival_of(number)["arrival"])


def test_only_what_ends_for_good_counts() -> None:
    ended = Ended(
        Topic(
            decided(1, decision="discard"),
            decided(2, decision="expire"),
            decided(3, decision="release"),
            decided(4, decision="retry"),
            quarantined(5),
        )
    )
    assert [number for number in range(1, 7) if ended(arrival(number))] == [1, 2]


def test_what_is_known_is_not_read_again_and_what_is_not_known_is() -> None:
    topic = Topic(decided(1, decision="discard"), decided(2, decision="discard"))
    ended = Ended(topic)
    assert ended(arrival(1))
    assert ended(arrival(2))
    assert topic.read == 1
    assert not ended(arrival(3))
    topic.events.append(decided(3, decision="expire"))
    assert ended(arrival(3))
    assert topic.read == 3
