"""What the command line may expect of the topics of dead letters: one suite for the fake and for the real Kafka."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from infra.dlq.acting import Topics
from infra.dlq.deciding import Wish, audit_of, discard
from infra.dlq.topics import KafkaTopics
from infra.local.state import Stack
from infra.operating.desk import Overtaken
from shared.events import Event, Outgoing
from shared.kafka import Output, Publisher, Record, end_offsets
from shared.letters import Letter, State
from tests.support.events import record_of
from tests.support.letters import CLEAN, clean_letter, id_of
from tests.support.memory_letters import MemoryLetters
from tests.support.waiting import until

RUN = secrets.randbelow(1_000_000) * 1000
"""Offsets of our own, since ids are made of them."""
WISH = Wish("discard", "not-wanted", "somebody")


@dataclass
class Bench:
    """The clean zone of a node, and how others write to it."""

    topics: Topics
    say: Callable[[Event], None]
    put: Callable[[Output], Record]
    """Publishes any record, and returns it as it lies there."""

    def letter(self, number: int, state: State = "open") -> Letter:
        """The letter of the `number`th record in that state. A commit is seen a moment after it was made."""
        wanted = id_of(clean_letter(RUN + number))
        return until(
            lambda: next((one for one in self.topics.read()[0] if (one.id, one.state) == (wanted, state)), None),
            f"letter {number} is {state}",
        )


def _kafka(bootstrap: str) -> Bench:
    publisher = Publisher(bootstrap, 10)

    def put(output: Output) -> Record:
        before = end_offsets(bootstrap, [output.topic])
        publisher.publish(output)
        after = end_offsets(bootstrap, [output.topic])
        ((topic, partition),) = [where for where, end in after.items() if end > before[where]]
        found = KafkaTopics(bootstrap, CLEAN).record(topic, partition, before[topic, partition])
        assert found is not None
        return found

    return Bench(KafkaTopics(bootstrap, CLEAN), lambda event: publisher.publish(record_of(Outgoing.of(event))), put)


def _memory() -> Bench:
    topics = MemoryLetters(CLEAN)

    def put(output: Output) -> Record:
        record = Record(output.topic, 0, 0, topics.now, output.key, output.value, output.headers)
        topics.records[output.topic, 0, 0] = record
        return record

    return Bench(topics, topics.say, put)


@pytest.fixture(params=["memory", "kafka"])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "memory":
        return _memory()
    components: Stack = request.getfixturevalue("components")
    return _kafka(components.kafka_bootstrap_servers)


def test_a_zone_that_can_be_seen_is_there(bench: Bench) -> None:
    assert bench.topics.there()


def test_letters_are_read_and_have_their_records_when_they_are_asked_for(bench: Bench) -> None:
    bench.say(clean_letter(RUN + 1))
    bench.say(clean_letter(RUN + 2))
    found = bench.letter(1)
    assert (found.state, found.event.record_value) == ("open", None)
    assert dict(bench.topics.whole({found.id})) == {found.id: clean_letter(RUN + 1)}
    assert dict(bench.topics.whole({"f" * 32})) == {}


def test_an_act_and_its_audit_are_read_back(bench: Bench) -> None:
    bench.say(clean_letter(RUN + 3))
    desk, letter = bench.topics.sit_down(), bench.letter(3)
    desk.publish(discard(letter, WISH, letter.at))
    assert bench.letter(3, "discarded").settled_at is not None
    (act,) = until(lambda: bench.topics.acts({letter.id}), "its audit is there")
    assert (act.act, act.actor, act.ground, act.letter) == ("dlq.discard", "somebody", "not-wanted", letter.id)


def test_who_sits_down_takes_the_right_to_decide(bench: Bench) -> None:
    bench.say(clean_letter(RUN + 4))
    first = bench.topics.sit_down()
    letter = bench.letter(4)
    second = bench.topics.sit_down()
    with pytest.raises(Overtaken):
        first.publish(discard(letter, WISH, letter.at))
    second.publish(discard(bench.letter(4), WISH, letter.at))
    bench.letter(4, "discarded")


def test_a_desk_may_publish_again_and_what_is_told_takes_it_from_nobody(bench: Bench) -> None:
    for number in (5, 6):
        bench.say(clean_letter(RUN + number))
    desk = bench.topics.sit_down()
    for number in (5, 6):
        letter = bench.letter(number)
        bench.topics.tell([audit_of(letter, WISH, letter.at, "refused")])
        desk.publish(discard(letter, WISH, letter.at))
    for number in (5, 6):
        bench.letter(number, "discarded")


def test_a_record_is_found_at_its_coordinates_and_nothing_where_nothing_is(bench: Bench) -> None:
    record = bench.put(record_of(Outgoing.of(clean_letter(RUN + 7))))
    where = (record.topic, record.partition, record.offset)
    found = bench.topics.record(*where)
    assert found is not None
    assert (found.key, found.value, found.headers) == (record.key, record.value, record.headers)
    assert bench.topics.record(record.topic, record.partition, record.offset + 100_000) is None
