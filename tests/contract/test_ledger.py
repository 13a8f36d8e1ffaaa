"""What the command line may expect of the quarantine's topics: one suite for the fake and for the real Kafka."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from infra.local.state import Stack
from infra.operating.desk import Overtaken
from infra.quarantine.acting import Topics
from infra.quarantine.cases import Case
from infra.quarantine.deciding import Wish, audit_of, decide
from infra.quarantine.ledger import Ledger
from shared.events import AuditRecorded, Event, Outgoing
from shared.events.envelope import decode
from shared.kafka import Publisher, read_to_end
from tests.support.events import arrival_of, committed, quarantined, received, record_of
from tests.support.memory_ledger import MemoryLedger

SITE = f"ledger-{secrets.token_hex(4)}"
WISH = Wish("release", "checked-by-eye", "somebody")


@dataclass
class Bench:
    """A node's topics, and how others write to them."""

    ledger: Topics
    say: Callable[[Event], None]
    audits: Callable[[], list[AuditRecorded]]

    def case(self, number: int) -> Case:
        """The case of the `number`th arrival."""
        found = self.ledger.read()[0].case(arrival_of(number, SITE)["arrival"])
        assert found is not None
        return found


def _kafka(bootstrap: str) -> Bench:
    publisher = Publisher(bootstrap, 10)

    def audits() -> list[AuditRecorded]:
        records = read_to_end(bootstrap, [AuditRecorded.topic])
        events = [decode(record.topic, record.value, record.headers) for record in records]
        return [event for event in events if isinstance(event, AuditRecorded)]

    return Bench(Ledger(bootstrap), lambda event: publisher.publish(record_of(Outgoing.of(event))), audits)


def _memory() -> Bench:
    ledger = MemoryLedger()
    return Bench(
        ledger, ledger.say, lambda: [one for one in ledger.said(AuditRecorded) if isinstance(one, AuditRecorded)]
    )


@pytest.fixture(params=["memory", "kafka"])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "memory":
        return _memory()
    components: Stack = request.getfixturevalue("components")
    return _kafka(components.kafka_bootstrap_servers)


def test_what_the_anonymiser_says_is_read(bench: Bench) -> None:
    bench.say(quarantined(1, SITE, places=("bytes phone",)))
    case = bench.case(1)
    assert (case.state, case.reason, case.first.site) == ("held", "burned-in-text", SITE)
    assert case.hold is not None
    assert case.hold.places == ("bytes phone",)


def test_what_an_old_verdict_does_not_tell_comes_from_the_arrival(bench: Bench) -> None:
    untold: dict[str, Any] = {"sop_class_uid": None, "transfer_syntax_uid": None, "size": None}
    bench.say(received(**arrival_of(2, SITE), transfer_syntax_uid="1.2.840.10008.1.2", size=77))
    bench.say(quarantined(2, SITE, **untold))
    bench.say(quarantined(3, SITE, **untold))
    known, unknown = bench.ledger.completed([bench.case(2), bench.case(3)])
    assert (known.first.transfer_syntax_uid, known.first.size) == ("1.2.840.10008.1.2", 77)
    assert unknown.first.transfer_syntax_uid is None


def test_a_decision_and_its_audit_are_read_back(bench: Bench) -> None:
    bench.say(quarantined(4, SITE))
    desk = bench.ledger.sit_down()
    case = bench.case(4)
    decision = decide(case, WISH, case.since)
    desk.publish([decision, audit_of(WISH.act, WISH.actor, case.since, "done", case, ground=WISH.ground)])
    after = bench.case(4)
    assert (after.state, after.waiting) == ("released", True)
    assert after.last is not None
    assert after.last.decision == decision
    (audit,) = [one for one in bench.audits() if one.arrival == case.arrival]
    assert (audit.act, audit.actor, audit.ground) == ("quarantine.release", "somebody", "checked-by-eye")


def test_who_sits_down_takes_the_right_to_decide(bench: Bench) -> None:
    bench.say(quarantined(5, SITE))
    first = bench.ledger.sit_down()
    case = bench.case(5)
    second = bench.ledger.sit_down()
    with pytest.raises(Overtaken):
        first.publish([decide(case, WISH, case.since)])
    assert bench.case(5).state == "held"
    second.publish([decide(bench.case(5), Wish("discard", "not-wanted", "another"), case.since)])
    assert bench.case(5).state == "discarded"


def test_a_desk_may_publish_again_and_what_is_told_takes_it_from_nobody(bench: Bench) -> None:
    for number in (6, 7):
        bench.say(quarantined(number, SITE))
    desk = bench.ledger.sit_down()
    for number in (6, 7):
        case = bench.case(number)
        bench.ledger.tell([audit_of("quarantine.show", "another", case.since, "done", case)])
        desk.publish([decide(case, WISH, case.since)])
    assert [bench.case(number).state for number in (6, 7)] == ["released", "released"]


def test_of_several_promises_the_latest_day_counts(bench: Bench) -> None:
    for day, commitment in (("2030-01-02", "0011"), ("2030-01-09", "0022"), ("2030-01-05", "0033")):
        bench.say(committed(8, SITE, f"{day}T00:00:00Z", commitment))
    promised = bench.ledger.promised()
    assert promised[arrival_of(8, SITE)["arrival"]] == datetime.fromisoformat("2030-01-09T00:00:00Z")
    assert arrival_of(9, SITE)["arrival"] not in promised
