"""Dead letters folded, chosen and grouped, and what is published about them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from infra.dlq.choosing import Filter
from infra.dlq.deciding import Refused, Wish, discard, objection, requeue
from shared.events import (
    AuditRecorded,
    DeadLetter,
    Event,
    IdentifiedDeadLetter,
    IdentifiedLetterSettled,
    IdentifiedRequeued,
    InstanceDecided,
    Outgoing,
)
from shared.events.again import RawRecord
from shared.kafka import Record
from shared.letters import Letter, Letters, by_cause
from shared.runner.again import raw_fields, record_in
from tests.support.events import record_of
from tests.support.letters import IDENTIFIED, id_of, letter

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
REQUEUE = Wish("requeue", "cause-gone", "eva")
DISCARD = Wish("discard", "not-wanted", "eva")


def fold(*events: Event) -> list[Letter]:
    """The letters of `events`, which lie a minute and an offset apart."""
    letters = Letters(IDENTIFIED)
    for number, event in enumerate(events):
        letters.take(event, NOON + timedelta(minutes=number), number)
    return list(letters)


def settled(of: DeadLetter, state: Any, **more: Any) -> IdentifiedLetterSettled:
    return IdentifiedLetterSettled(letter=id_of(of), state=state, stage=of.stage, **more)


def test_a_letter_is_open_until_it_is_settled() -> None:
    one, two, three, four = (letter(number) for number in range(4))
    found = fold(
        one,
        two,
        three,
        four,
        settled(two, "discarded"),
        settled(three, "requeued"),
        settled(four, "requeued"),
        settled(four, "resolved"),
    )
    assert [one.state for one in found] == ["open", "discarded", "requeued", "resolved"]
    assert [one.id for one in found] == [id_of(event) for event in (one, two, three, four)]


def test_repeats_and_order_change_nothing() -> None:
    first = letter(1)
    again = letter(1, requeues=1, first=id_of(first), release="2.0")
    events: Sequence[Event] = (first, settled(first, "requeued"), again, settled(again, "requeued"))
    wanted = fold(*events)
    for order in permutations(range(len(events))):
        letters = Letters(IDENTIFIED)
        for number in (*order, *order):
            letters.take(events[number], NOON + timedelta(minutes=number), number)
        assert list(letters) == wanted
    assert [(one.state, one.died_again) for one in wanted] == [("requeued", id_of(again)), ("requeued", None)]


def test_the_fold_keeps_no_values() -> None:
    (found,) = fold(letter(1, record_value="AAAA" * 1000))
    assert found.event.record_value is None


def test_letters_of_earlier_releases_are_of_the_site_that_their_record_says() -> None:
    def untold(event: IdentifiedDeadLetter) -> IdentifiedDeadLetter:
        return event.model_copy(update={"site": None, "project": None})

    known, unreadable = fold(untold(letter(1, "site-b")), untold(letter(2, "site-b", reason="undecodable-event")))
    assert (known.site, known.project) == ("site-b", "demo")
    assert (unreadable.site, unreadable.project) == ("unknown", "unknown")
    (garbled,) = fold(untold(letter(3, record_value="e30=")))
    assert garbled.site == "unknown"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), [1, 2, 3]),
        (Filter(reasons=("unexpected",)), [1, 3]),
        (Filter(services=("anonymiser",), sites=("site-b",)), [3]),
        (Filter(services=("validator",)), []),
        (Filter(since=NOON + timedelta(minutes=1)), [2, 3]),
        (Filter(until=NOON + timedelta(minutes=1)), [1]),
        (Filter(release="1."), [1, 2]),
        (Filter(error="Value"), [2]),
        (Filter(states=("open",)), [1, 2, 3]),
        (Filter(states=("resolved", "discarded")), []),
    ],
)
def test_letters_are_chosen(wanted: Filter, expected: list[int]) -> None:
    found = fold(
        letter(1), letter(2, reason="undecodable-event", error="ValueError"), letter(3, "site-b", release="2.0")
    )
    assert [one.event.source_offset for one in found if wanted.matches(one)] == expected
    assert wanted.is_empty is (wanted in (Filter(), Filter(states=("open",)), Filter(states=("resolved", "discarded"))))


def test_letters_of_one_cause_are_one_group() -> None:
    groups = by_cause(
        fold(
            letter(1), letter(2, "site-b"), letter(3, reason="undecodable-event"), letter(4), letter(5, error="OSError")
        )
    )
    assert [(group.cause.reason, group.cause.error, group.count) for group in groups] == [
        ("unexpected", "KeyError", 3),
        ("undecodable-event", "KeyError", 1),
        ("unexpected", "OSError", 1),
    ]
    assert (groups[0].sites, groups[0].oldest, groups[0].newest) == (
        ("site-a", "site-b"),
        NOON,
        NOON + timedelta(minutes=3),
    )
    assert groups[0].example.event.source_offset == 4


# --- deciding


def requeued(event: IdentifiedDeadLetter, record: Record | None = None) -> Sequence[Event]:
    (found,) = fold(event)
    return requeue(found, event, record, REQUEUE, NOON)


def test_a_requeue_carries_the_record_and_counts() -> None:
    event = letter(7, requeues=2, first="f")
    again, state, audit = requeued(event)
    assert isinstance(again, IdentifiedRequeued)
    assert record_in(again, NOON) == record_in(event, NOON)
    assert (again.letter, again.requeues, again.stage, again.reason) == (id_of(event), 3, "anonymiser", "unexpected")
    assert state == settled(event, "requeued", requeues=3)
    assert isinstance(audit, AuditRecorded)
    assert (audit.act, audit.actor, audit.ground, audit.letter) == ("dlq.requeue", "eva", "cause-gone", id_of(event))
    assert set(RawRecord.model_fields) <= set(again.model_dump())


def test_a_letter_that_carries_coordinates_gets_its_record_back() -> None:
    event = letter(7)
    record = record_in(event, NOON)
    bare = event.model_copy(update={"record_value": None})
    assert requeued(bare, record)[0] == requeued(event)[0]
    other = record_of(Outgoing.of(letter(8)))
    for found in (None, Record(record.topic, 0, 7, NOON, other.key, other.value, other.headers)):
        with pytest.raises(Refused, match="coordinates"):
            requeued(bare, found)


def test_what_was_handled_again_and_not_understood_is_published_as_it_was() -> None:
    (again, _, _) = requeued(letter(7))
    carrying = record_of(Outgoing.of(again))
    record = Record(IdentifiedRequeued.topic, 2, 9, NOON, carrying.key, carrying.value, carrying.headers)
    unread = letter(9, source_topic=record.topic, **_raw(record))
    assert requeued(unread)[0] == again
    with pytest.raises(Refused, match="another stage"):
        requeued(unread.model_copy(update={"stage": "other"}))
    with pytest.raises(Refused, match="cannot be read"):
        requeued(unread.model_copy(update={"record_value": "e30="}))


def _raw(record: Record) -> dict[str, Any]:
    told = raw_fields(record)
    return {name: told[name] for name in ("record_key", "record_headers", "record_value")}


def test_a_discard_says_why() -> None:
    event = letter(7)
    (found,) = fold(event)
    state, audit = discard(found, DISCARD, NOON)
    assert state == settled(event, "discarded", reason="not-wanted")
    assert isinstance(audit, AuditRecorded)
    assert (audit.act, audit.outcome, audit.site) == ("dlq.discard", "done", "site-a")


def test_what_cannot_be_done_is_said() -> None:
    decision = letter(1, source_topic=InstanceDecided.topic)
    often = letter(2, requeues=5, first="f")
    gone = letter(3)
    found = fold(decision, often, gone, settled(gone, "resolved"))
    assert [objection(one, DISCARD) for one in found] == [None, None, "it is resolved"]
    assert [(objection(one, REQUEUE) or "")[:28] for one in found] == [
        "it is a decision: what it wa",
        "it was requeued 5 times: nam",
        "it is resolved",
    ]
    assert objection(found[1], Wish("requeue", "other", "eva", again=True)) is None
