"""Records in: what cannot be used is counted and told without its content, and keeps nobody else out."""

from datetime import UTC, datetime, timedelta

import pytest

from services.tracker.announcing import Pace
from services.tracker.handler import Handler
from services.tracker.tracking import Tracker
from shared import metrics
from shared.events import Event, Outgoing, StudyCompleted
from shared.kafka import Record
from tests.support.events import record_of
from tests.support.tracker_events import indexed, instance, thumbnailed

START = datetime(2026, 1, 1, tzinfo=UTC)


def record(event: Event, offset: int = 0, seconds: float = 0.0) -> Record:
    output = record_of(Outgoing.of(event))
    when = START + timedelta(seconds=seconds)
    return Record(output.topic, 0, offset, when, output.key, output.value, output.headers)


class Clock:
    now = START.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def handler(clock: Clock) -> Handler:
    return Handler(Tracker(Pace(1.0, 10.0, 60.0)), clock)


def due(handler: Handler) -> list[Event]:
    return [outgoing.event for portion in handler.due() for outgoing in portion]


def not_counted(topic: str, reason: str) -> float:
    return metrics.counter("isocentre_tracker_not_counted_total").labels(topic, reason)._value.get()


@pytest.mark.parametrize("rebuilding", [True, False])
@pytest.mark.parametrize("broken", [None, b"", b'{"site": "SECRET"}', b"\xff"])
def test_an_undecodable_record_keeps_nobody_out(
    handler: Handler, broken: bytes | None, rebuilding: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    handler.rebuilding = rebuilding
    good = record(indexed(instance(1)))
    before = not_counted(good.topic, "undecodable-event")
    handler.take(Record(good.topic, 0, 7, good.timestamp, good.key, broken, good.headers))
    handler.take(good)
    assert not_counted(good.topic, "undecodable-event") == before + 1
    assert handler.tracker.studies["2.25.1"].instances == 1
    assert "SECRET" not in "".join(capsys.readouterr())


def test_a_bug_in_our_own_code_is_counted_and_the_next_record_taken(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = record(indexed(instance(1)))
    before = not_counted(good.topic, "unexpected")
    with monkeypatch.context() as broken:
        broken.setattr(Tracker, "apply", lambda *_: 1 / 0)
        handler.take(good)
    handler.take(good)
    assert not_counted(good.topic, "unexpected") == before + 1
    assert handler.tracker.studies["2.25.1"].instances == 1


def test_catching_up_tells_where_to_go_on_and_stops_when_told(handler: Handler) -> None:
    records = [record(indexed(instance(number)), offset=number) for number in range(5)]
    assert handler.catch_up(records, lambda: True) == {("clean.instance.indexed", 0): 5}
    answers = iter([True, True, False])
    assert handler.catch_up(records, lambda: next(answers)) == {("clean.instance.indexed", 0): 2}


def test_quiet_counts_from_the_record_while_rebuilding_and_from_its_coming_when_live(
    handler: Handler, clock: Clock
) -> None:
    clock.now += 1000
    for event in (indexed(instance(1)), thumbnailed(instance(1))):
        handler.take(record(event))
    handler.rebuilt()
    assert any(isinstance(event, StudyCompleted) for event in due(handler))
    for event in (indexed(instance(1, "2.25.2")), thumbnailed(instance(1, "2.25.2"))):
        handler.take(record(event))  # a record that lay in the topic for long, read only now
    completed = [event for event in due(handler) if isinstance(event, StudyCompleted)]
    assert [event.study_instance_uid for event in completed] == ["2.25.1"]


def test_our_own_last_words_are_not_said_again(handler: Handler) -> None:
    handler.take(record(indexed(instance(1))))
    handler.rebuilt()
    said = due(handler)
    assert len(said) == 2
    handler.begin(record(event) for event in said)
    assert due(handler) == []
    handler.forget()
    assert handler.rebuilding
