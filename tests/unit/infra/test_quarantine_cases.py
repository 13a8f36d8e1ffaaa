"""What waits for a person follows from the events, in whatever order they are read."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.quarantine.cases import Case, Cases, Where
from infra.quarantine.choosing import Filter, overdue, summary
from infra.quarantine.deciding import NotHeld, Wish, decide
from shared.events import (
    Event,
    IdentifiedDeadLetter,
    IdentifiedInstanceRejected,
    InstanceCleared,
    InstanceDecided,
)
from tests.support.events import arrival_of, decided, quarantined

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def fold(*events: Event, order: tuple[int, ...] | None = None) -> Cases:
    """The events, an hour apart, read in `order`."""
    records = []
    for number, event in enumerate(events):
        records.append((event, NOON + timedelta(hours=number), Where(event.topic, 0, number)))
    cases = Cases()
    for number in order or range(len(records)):
        cases.take(*records[number])
    return cases


def case(*events: Event, number: int = 1, site: str = "site-a") -> Case:
    found = fold(*events).case(arrival_of(number, site)["arrival"])
    assert found is not None
    return found


def cleared(decision: str, number: int = 1) -> InstanceCleared:
    return InstanceCleared(**arrival_of(number), decision_id=decision, profile="research-2")


def rejected(decision: str | None, reason: str = "discarded", number: int = 1) -> IdentifiedInstanceRejected:
    return IdentifiedInstanceRejected(**arrival_of(number), decision_id=decision, reason=reason, profile="research-2")


def letter(offset: int, topic: str = InstanceDecided.topic) -> IdentifiedDeadLetter:
    return IdentifiedDeadLetter(
        source_topic=topic,
        source_partition=0,
        source_offset=offset,
        stage="anonymiser",
        release="1",
        reason="unexpected",
        attempts=1,
    )


RELEASE = decided(decision_id="1")
TRY, AGAIN = decided(decision_id="1", decision="retry"), decided(decision_id="2", decision="retry", after="1")
DISCARD = decided(decision_id="3", decision="discard", after="1", for_reason="residual-identity", ground="other")
HELD_AGAIN = quarantined(decision_id="1", reason="residual-identity", profile="research-2", places=("bytes phone",))

CHAINS: list[tuple[str, list[Event], str, bool, str]] = [
    ("undecided", [], "held", False, "burned-in-text"),
    ("release under way", [RELEASE], "released", True, "burned-in-text"),
    ("released", [RELEASE, cleared("1")], "released", False, "burned-in-text"),
    ("released in vain", [RELEASE, rejected("1", "undecodable")], "rejected", False, "burned-in-text"),
    ("tried", [TRY, cleared("1")], "retried", False, "burned-in-text"),
    ("held again", [TRY, HELD_AGAIN], "held", False, "residual-identity"),
    ("held again, then discarded", [TRY, HELD_AGAIN, DISCARD], "discarded", True, "residual-identity"),
    ("and counted", [TRY, HELD_AGAIN, DISCARD, rejected("3")], "discarded", False, "residual-identity"),
    ("a decision that died", [RELEASE, letter(1)], "held", False, "burned-in-text"),
    ("another after it", [TRY, letter(1), AGAIN], "retried", True, "burned-in-text"),
    ("and its outcome", [TRY, letter(1), AGAIN, cleared("2")], "retried", False, "burned-in-text"),
    (
        "expired",
        [decided(decision_id="1", decision="expire", ground="retention-ended")],
        "expired",
        True,
        "burned-in-text",
    ),
]


@pytest.mark.parametrize(
    ("told", "state", "waiting", "reason"), [row[1:] for row in CHAINS], ids=[row[0] for row in CHAINS]
)
def test_the_state_of_a_case(told: list[Event], state: str, waiting: bool, reason: str) -> None:
    events = [quarantined(), *told]
    for order in itertools.permutations(range(len(events))):
        found = fold(*events, order=order).case(arrival_of(1)["arrival"])
        assert found is not None
        assert (found.state, found.waiting, found.reason) == (state, waiting, reason), order


def test_of_two_decisions_about_one_hold_the_first_counts() -> None:
    late = decided(decision_id="9", decision="discard", ground="other")
    found = case(quarantined(), RELEASE, late, cleared("1"))
    assert (found.state, [step.decision.decision_id for step in found.steps]) == ("released", ["1"])


def test_a_rerun_says_all_verdicts_again_and_changes_nothing_that_people_decided() -> None:
    found = case(quarantined(), RELEASE, cleared("1"), quarantined(profile="research-3", reason="overlay"))
    assert (found.state, found.since, found.first.profile) == ("released", NOON, "research-3")


def test_a_rerun_that_holds_what_had_been_let_through_opens_the_case_again() -> None:
    found = case(quarantined(), RELEASE, cleared("1"), quarantined(decision_id="1", reason="possible-face"))
    assert (found.state, found.reason) == ("held", "possible-face")


def test_decisions_that_follow_each_other_in_a_circle_end() -> None:
    circle = decided(decision_id="1", decision="retry", after="2")
    assert [step.decision.decision_id for step in case(quarantined(), TRY, AGAIN, circle).steps] == ["1", "2", "1"]


@pytest.mark.parametrize("alone", [RELEASE, cleared("1"), rejected(None, "not-dicom"), letter(0)])
def test_what_was_never_held_is_no_case(alone: Event) -> None:
    assert list(fold(alone)) == []


# --- deciding


def wish(**changes: Any) -> Wish:
    return Wish(**{"decision": "release", "ground": "checked-by-eye", "actor": "somebody"} | changes)


def test_a_decision_is_about_the_hold_that_there_is_now() -> None:
    first = decide(case(quarantined()), wish(), NOON)
    assert (first.for_reason, first.after, first.transfer_syntax_uid) == (
        "burned-in-text",
        None,
        "1.2.840.10008.1.2.1",
    )
    second = decide(case(quarantined(), TRY, HELD_AGAIN), wish(decision="retry", profile="eucaim"), NOON)
    assert (second.for_reason, second.after, second.profile) == ("residual-identity", "1", "eucaim")
    third = decide(case(quarantined(), TRY, letter(1)), wish(), NOON)
    assert (third.for_reason, third.after) == ("burned-in-text", "1")
    assert len({first.decision_id, second.decision_id, third.decision_id}) == 3
    assert first.partition_key() == quarantined().partition_key()


FURTHER = quarantined(decision_id="1", reason="residual-identity", lifted=("burned-in-text",))


def test_a_release_carries_on_what_was_lifted_before_and_nothing_else_does() -> None:
    held = case(quarantined(), RELEASE, FURTHER)
    further = decide(held, wish(), NOON)
    assert (further.for_reason, further.lifted, further.after) == ("residual-identity", ("burned-in-text",), "1")
    for other in ("retry", "discard", "expire"):
        assert decide(held, wish(decision=other), NOON).lifted == ()
    assert decide(case(quarantined()), wish(), NOON).lifted == ()


def test_a_decision_that_died_loses_nothing_of_what_was_lifted() -> None:
    died = decided(decision_id="2", for_reason="residual-identity", lifted=("burned-in-text",), after="1")
    again = decide(case(quarantined(), RELEASE, FURTHER, died, letter(3)), wish(), NOON)
    assert (again.for_reason, again.lifted, again.after) == ("residual-identity", ("burned-in-text",), "2")


def test_events_of_older_versions_say_nothing_of_what_was_lifted() -> None:
    for event in (quarantined(), RELEASE):
        told = json.loads(event.model_dump_json(exclude={"lifted"}))
        assert "lifted" not in told
        assert type(event).model_validate(told) == event


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([RELEASE], "released, being carried out"),
        ([RELEASE, cleared("1")], "released"),
        ([TRY, HELD_AGAIN, DISCARD], "discarded, being carried out"),
    ],
)
def test_what_is_not_held_is_not_decided(told: list[Event], why: str) -> None:
    with pytest.raises(NotHeld) as refused:
        decide(case(quarantined(), *told), wish(), NOON)
    assert str(refused.value) == why


# --- choosing


def cases() -> list[Case]:
    return list(
        fold(
            quarantined(1),
            quarantined(2, reason="overlay"),
            quarantined(3, "site-b", profile="basic-1"),
            decided(2, decision_id="1", for_reason="overlay"),
        )
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), [1, 2, 3]),
        (Filter(sites=("site-a",)), [1, 2]),
        (Filter(reasons=("overlay",)), [2]),
        (Filter(states=("held",)), [1, 3]),
        (Filter(since=NOON + timedelta(hours=1)), [2, 3]),
        (Filter(profile="basic"), [3]),
        (Filter(sites=("site-b",), reasons=("overlay",)), []),
    ],
)
def test_a_filter_means_what_has_all_that_it_asks_for(wanted: Filter, expected: list[int]) -> None:
    arrivals = [arrival_of(number, "site-b" if number == 3 else "site-a")["arrival"] for number in expected]
    assert [one.arrival for one in cases() if wanted.matches(one)] == arrivals
    assert wanted.is_empty is (wanted in (Filter(), Filter(states=("held",))))


def test_what_is_overdue_is_still_held_and_older_than_its_site_allows() -> None:
    one, _, three = cases()
    later = NOON + timedelta(days=30, hours=5)
    assert overdue(cases(), 30, {}, later) == [one, three]
    assert overdue(cases(), None, {"site-a": 31, "site-b": 10}, later) == [three]
    assert overdue(cases(), None, {"site-a": None}, later) == []
    assert overdue(cases(), 30, {}, NOON + timedelta(days=30)) == []


def test_the_age_counts_from_the_first_hold_so_that_trying_again_renews_nothing() -> None:
    found = case(quarantined(), TRY, HELD_AGAIN)
    assert overdue([found], 1, {}, NOON + timedelta(days=1, minutes=1)) == [found]


def test_a_summary_counts_by_state_reason_and_site() -> None:
    assert summary(cases()) == {
        ("held", "burned-in-text", "site-a"): 1,
        ("released", "overlay", "site-a"): 1,
        ("held", "burned-in-text", "site-b"): 1,
    }
