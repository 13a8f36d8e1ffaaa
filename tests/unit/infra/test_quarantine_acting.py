"""A wish is carried out in the order that loses nothing: decided and audited first, deleted afterwards."""

from collections.abc import Sequence
from typing import Any

import pytest

from infra.quarantine import acting
from infra.quarantine.acting import Acted, act
from infra.quarantine.deciding import Wish
from shared.events import AuditRecorded, Event, InstanceDecided
from shared.outcome import Transient
from shared.storage import Store
from tests.support.events import arrival_of, decided, quarantined, received
from tests.support.memory_ledger import MemoryLedger
from tests.support.memory_store import MemoryStore

DISCARD = Wish("discard", "consent-withdrawn", "somebody")
RELEASE = Wish("release", "checked-by-eye", "somebody")


class Bench:
    """Three instances that are held, and their bytes."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.store = MemoryStore("identified")
        self.arrivals = [arrival_of(number)["arrival"] for number in (1, 2, 3)]
        for number in (1, 2, 3):
            self.ledger.say(quarantined(number))
            self.store.put(arrival_of(number)["key"], b"bytes")

    def act(self, wish: Wish, *numbers: int, store: Store | None = None) -> Acted:
        return act(self.ledger, store or self.store, wish, [self.arrivals[number - 1] for number in numbers])

    def audits(self) -> list[tuple[str, str, str | None]]:
        told = [event for event in self.ledger.said(AuditRecorded) if isinstance(event, AuditRecorded)]
        return [(event.act, event.outcome, event.arrival) for event in told]

    def left(self) -> list[str]:
        return list(self.store.keys())


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_release_is_decided_and_audited_and_deletes_nothing(bench: Bench) -> None:
    acted = bench.act(RELEASE, 1, 2)
    assert [case.arrival for case, _ in acted.decided] == bench.arrivals[:2]
    assert bench.audits() == [("quarantine.release", "done", arrival) for arrival in bench.arrivals[:2]]
    assert len(bench.left()) == 3
    assert not acted.deleted


def test_an_audit_names_its_decision_and_its_ground(bench: Bench) -> None:
    bench.act(RELEASE, 1)
    (decision,), (audit,) = bench.ledger.said(InstanceDecided), bench.ledger.said(AuditRecorded)
    assert isinstance(decision, InstanceDecided)
    assert isinstance(audit, AuditRecorded)
    assert (audit.decision_id, audit.ground, audit.site) == (decision.decision_id, "checked-by-eye", "site-a")


def test_a_discard_deletes_the_bytes_once_it_is_durable(bench: Bench) -> None:
    acted = bench.act(DISCARD, 2)
    assert [case.arrival for case in acted.deleted] == [bench.arrivals[1]]
    assert arrival_of(2)["key"] not in bench.left()
    assert bench.audits() == [
        ("quarantine.discard", "done", bench.arrivals[1]),
        ("quarantine.delete-bytes", "done", bench.arrivals[1]),
    ]


class _Refuses(MemoryLedger):
    """A broker that goes away before the decision is durable."""

    def read(self) -> Any:
        found = super().read()
        self.away = True
        return found

    def completed(self, cases: Any) -> Any:
        return list(cases)


def test_nothing_is_deleted_when_the_decision_is_not_durable(bench: Bench) -> None:
    ledger = _Refuses()
    ledger.say(*(event for event, _, _ in bench.ledger.events))
    acted = act(ledger, bench.store, DISCARD, bench.arrivals)
    assert (acted.decided, acted.deleted, acted.away) == ([], [], "away")
    assert len(bench.left()) == 3


def test_bytes_that_could_not_be_deleted_are_deleted_when_it_is_said_again(bench: Bench) -> None:
    bench.store.away = True
    acted = bench.act(DISCARD, 1, 2)
    assert [case.arrival for case in acted.undeleted] == bench.arrivals[:2]
    assert acted.away == "away"
    bench.store.away = False
    again = bench.act(DISCARD, 1, 2)
    assert (again.decided, again.refused) == ([], [])
    assert [case.arrival for case in again.deleted] == bench.arrivals[:2]
    assert bench.left() == [arrival_of(3)["key"]]
    assert len(bench.ledger.said(InstanceDecided)) == 2
    assert [outcome for act_, outcome, _ in bench.audits() if act_.endswith("bytes")] == ["failed"] * 2 + ["done"] * 2


def test_what_somebody_else_decided_meanwhile_is_refused_and_audited(bench: Bench) -> None:
    bench.ledger.say(decided(1))
    acted = bench.act(DISCARD, 1, 3)
    assert [(case.arrival, why) for case, why in acted.refused] == [(bench.arrivals[0], "released, being carried out")]
    assert [case.arrival for case, _ in acted.decided] == [bench.arrivals[2]]
    assert ("quarantine.discard", "refused", bench.arrivals[0]) in bench.audits()
    assert arrival_of(1)["key"] in bench.left()


class _Crowded(MemoryLedger):
    """Somebody else sits down after each publication."""

    def say(self, *events: Event) -> None:
        super().say(*events)
        self.sitting += 1


def test_who_is_overtaken_half_way_says_how_far_he_came(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acting, "PORTION", 2)
    ledger = _Crowded()
    ledger.say(*(event for event, _, _ in bench.ledger.events))
    acted = act(ledger, bench.store, DISCARD, bench.arrivals)
    assert acted.overtaken
    assert [case.arrival for case, _ in acted.decided] == [case.arrival for case in acted.deleted] == bench.arrivals[:2]
    assert bench.left() == [arrival_of(3)["key"]]


def test_a_decision_tells_the_transfer_syntax_that_an_old_verdict_does_not(bench: Bench) -> None:
    bench.ledger.say(quarantined(4, transfer_syntax_uid=None), received(**arrival_of(4), transfer_syntax_uid="1.2.3"))
    act(bench.ledger, None, RELEASE, [arrival_of(4)["arrival"]])
    (decision,) = bench.ledger.said(InstanceDecided)
    assert isinstance(decision, InstanceDecided)
    assert decision.transfer_syntax_uid == "1.2.3"


def test_a_broker_that_is_away_from_the_beginning_is_told_as_such(bench: Bench) -> None:
    bench.ledger.away = True
    arrivals: Sequence[str] = bench.arrivals
    with pytest.raises(Transient):
        act(bench.ledger, bench.store, DISCARD, arrivals)
