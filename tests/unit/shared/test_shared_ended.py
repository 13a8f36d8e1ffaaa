"""Bytes that are missing were deleted on purpose, or are a loss: the decisions tell."""

from collections.abc import Iterable

import pytest

from shared.ended import Ended, Erased
from shared.events import Event, InstanceErased, InstanceRetracted
from shared.events.envelope import UndecodableEvent
from shared.outcome import Transient
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


def erased(number: int) -> InstanceErased:
    told = {"receipt": "1", "ground": "consent-withdrawn", "erased_at": "2026-01-01T00:00:00Z"}
    return InstanceErased.model_validate(arrival_of(number) | told)


def test_what_was_erased_has_ended_on_both_sides_and_what_was_replaced_has_not() -> None:
    other = InstanceRetracted.model_validate(arrival_of(2) | {"reason": "erased"})
    replaced = InstanceRetracted.model_validate(arrival_of(3) | {"reason": "superseded"})
    ended = Ended(Topic(erased(1), other, replaced))
    assert [number for number in range(1, 4) if ended(arrival(number))] == [1, 2]


def test_erasures_are_read_again_when_they_are_old() -> None:
    topic = Topic(erased(1), decided(2, decision="discard"))
    young, old = Erased(topic, seconds=3600.0), Erased(topic, seconds=0.0)
    assert [ask(arrival(number)) for ask in (young, old) for number in (1, 2)] == [True, False, True, False]
    topic.events.append(erased(3))
    assert not young(arrival(3))
    assert old(arrival(3))
    assert topic.read == 4


def test_while_an_erasure_cannot_be_read_nobody_is_let_through() -> None:
    def unreadable() -> Iterable[Event]:
        yield erased(1)
        raise UndecodableEvent("of a later release")

    with pytest.raises(Transient):
        Erased(unreadable)(arrival(2))
