"""What the command line may expect of the topics of brakes: one suite for the fake and for the real Kafka."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from infra.brake.releasing import Topics, Wish, release
from infra.brake.topics import KafkaTopics
from infra.local.state import Stack
from infra.operating.desk import Overtaken
from shared.events import Event, Outgoing
from shared.kafka import Publisher
from shared.outcome import Transient
from tests.support.braking import CLEAN, changed
from tests.support.events import record_of
from tests.support.memory_brakes import MemoryBrakes
from tests.support.waiting import until

SITE = f"site-{secrets.token_hex(4)}"
WISH = Wish("validator", SITE, "rules-changed", "somebody")


@dataclass
class Bench:
    """The clean zone of a node, and how its stages write to it."""

    topics: Topics
    say: Callable[[Event], None]

    def states(self) -> list[str]:
        return [brake.state for brake in self.topics.read() if brake.told.site == SITE]


@pytest.fixture(params=["memory", "kafka"])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "memory":
        memory = MemoryBrakes(CLEAN)
        return Bench(memory, memory.events.append)
    components: Stack = request.getfixturevalue("components")
    publisher = Publisher(components.kafka_bootstrap_servers, 10)
    topics = KafkaTopics(components.kafka_bootstrap_servers, CLEAN)
    until(lambda: _readable(topics), "the topics have leaders", 60)
    return Bench(topics, lambda event: publisher.publish(record_of(Outgoing.of(event))))


def _readable(topics: KafkaTopics) -> bool:
    try:
        topics.read()
    except Transient:
        return False
    return True


def test_a_brake_is_on_until_it_is_released_and_its_stage_says_that_it_is_off(bench: Bench) -> None:
    assert bench.topics.there()
    on = changed(SITE, stage="validator", brake=secrets.token_hex(8))
    bench.say(on)
    assert bench.states() == ["on"]
    assert [brake.told for brake in release(bench.topics, WISH)] == [on]
    # A commit returns a moment before it can be read.
    until(lambda: bench.states() == ["being released"], "the release can be read")
    assert release(bench.topics, WISH) == []
    bench.say(on.model_copy(update={"on": False, "ended": "released"}))
    assert bench.states() == ["off"]


def test_only_who_sat_down_last_may_release(bench: Bench) -> None:
    event = changed(SITE, stage="validator")
    first = bench.topics.sit_down()
    second = bench.topics.sit_down()
    with pytest.raises(Overtaken):
        first.publish([event])
    second.publish([event])
