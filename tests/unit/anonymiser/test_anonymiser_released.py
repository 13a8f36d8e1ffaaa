"""What is held for several reasons goes through when people have released it for each of them, and not before."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.quarantine.cases import Case, Cases, Where
from infra.quarantine.deciding import Wish, decide
from services.anonymiser.dataset.tree import Element
from services.anonymiser.engine import Cleaned, Held
from shared.events import Event, IdentifiedInstanceQuarantined, InstanceAnonymised
from shared.outcome import Done, Outcome, Reason, events_of
from tests.unit.anonymiser.building import SC, SITE, engine, instance, text, value_of
from tests.unit.anonymiser.door import Bench

STORAGE = "1.2.840.10008.5.1.4.1.1."
WARY = "name: own\nbase: research\ntitle: Wary\npixels: {faces: quarantine}\n"
NAME = text(0x00100010, "PN", "Quintanilla^Rosalind")
PDF, NAMED = (
    Element(0x00420011, "OB", content) for content in (b"%PDF-1.7 of the abdomen.", b"%PDF-1.7 of Rosalind Quintanilla")
)
PICTURE = Element(0x7FE00010, "OW", bytes(512))
DOCUMENT, FACE, TEXT, RESIDUE = (
    Reason.ENCAPSULATED_DOCUMENT,
    Reason.POSSIBLE_FACE,
    Reason.BURNED_IN_TEXT,
    Reason.RESIDUAL_IDENTITY,
)
SEVERAL = {
    "a portrait with a document": (instance(PDF, sop_class=STORAGE + "77.1.4"), WARY, (DOCUMENT, FACE)),
    "a document that names the patient": (
        instance(NAME, NAMED, sop_class=STORAGE + "104.1"),
        "research",
        (DOCUMENT, RESIDUE),
    ),
    "a capture with such a document": (
        instance(NAME, NAMED, PICTURE, sop_class=SC),
        "basic",
        (DOCUMENT, TEXT, RESIDUE),
    ),
}
CASES = pytest.mark.parametrize(("data", "profile", "reasons"), SEVERAL.values(), ids=SEVERAL)
RELEASE, RETRY = Wish("release", "checked-by-eye", "somebody"), Wish("retry", "rules-changed", "somebody")


@CASES
def test_each_reason_has_to_be_lifted_and_each_only_once(data: bytes, profile: str, reasons: tuple[Reason, ...]):
    for lifted in range(len(reasons)):
        held = engine(profile).anonymise(data, SITE, released=frozenset(reasons[:lifted]))
        assert isinstance(held, Held)
        assert held.reason is reasons[lifted]
    result = engine(profile).anonymise(data, SITE, released=frozenset(reasons))
    assert isinstance(result, Cleaned)
    told = value_of(result, 0x00120063)
    assert told is not None
    for reason in reasons:
        assert f"released by a person: {reason}" in told.decode().split("\\")


@CASES
def test_all_reasons_but_one_are_not_enough(data: bytes, profile: str, reasons: tuple[Reason, ...]):
    for reason in reasons:
        held = engine(profile).anonymise(data, SITE, released=frozenset(Reason) - {reason})
        assert isinstance(held, Held)
        assert held.reason is reason


class Node(Bench):
    """The door, and those who read what it writes and decide."""

    def __init__(self, data: bytes, profile: str) -> None:
        super().__init__(profile, {"own": WARY})
        self._cases, self._events = Cases(), list[Event]()
        self._arrived = self.event(data)
        self._hear(self(self._arrived))

    def decide(self, wish: Wish) -> Outcome:
        """What comes of a decision about what it is held for now."""
        decision = decide(self.case(), wish, datetime(2026, 1, 2, tzinfo=UTC))
        self._take(decision)
        outcome = self(decision)
        self._hear(outcome)
        return outcome

    def case(self) -> Case:
        found = self._cases.case(self._arrived.arrival)
        assert found is not None
        return found

    def held(self) -> tuple[str, tuple[str, ...]]:
        """For what, and what no longer."""
        hold = self.case().hold
        assert hold is not None
        assert hold.reason is not None
        return hold.reason, hold.lifted

    def forget(self) -> None:
        """The newest verdict, as older versions wrote it: without what was lifted."""
        verdict = next(event for event in reversed(self._events) if isinstance(event, IdentifiedInstanceQuarantined))
        self._take(IdentifiedInstanceQuarantined.model_validate_json(verdict.model_dump_json(exclude={"lifted"})))

    def _hear(self, outcome: Outcome) -> None:
        for outgoing in events_of(outcome):
            self._take(outgoing.event)

    def _take(self, event: Event) -> None:
        self._events.append(event)
        number = len(self._events)
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        self._cases.take(event, at, Where(event.topic, 0, number))


@pytest.fixture
def node() -> Node:
    """With an object that is held for three reasons."""
    data, profile, _ = SEVERAL["a capture with such a document"]
    return Node(data, profile)


@CASES
def test_people_release_it_reason_by_reason(data: bytes, profile: str, reasons: tuple[Reason, ...]):
    held = Node(data, "own" if profile is WARY else profile)
    for number, reason in enumerate(reasons):
        assert held.held() == (reason, tuple(sorted(reasons[:number])))
        outcome = held.decide(RELEASE)
    assert isinstance(outcome, Done)
    told = outcome.events[0].event
    assert isinstance(told, InstanceAnonymised)
    assert told.released == tuple(sorted(reasons))
    assert (held.case().state, held.case().hold) == ("released", None)


def test_what_is_tried_again_starts_from_nothing(node: Node):
    node.decide(RELEASE)
    assert node.held() == (TEXT, (DOCUMENT,))
    node.decide(RETRY)
    assert node.held() == (DOCUMENT, ())
    node.decide(RELEASE)
    assert node.held() == (TEXT, (DOCUMENT,)), "what was lifted before it was tried again does not count"


def test_another_profile_starts_from_nothing_too(node: Node):
    node.decide(RELEASE)
    node.decide(Wish("retry", "rules-changed", "somebody", profile="own"))
    assert node.held() == (DOCUMENT, ())


def test_a_chain_whose_older_events_do_not_say_what_was_lifted_ends_all_the_same(node: Node):
    node.decide(RELEASE)
    node.forget()
    assert node.held() == (TEXT, ())
    for reason in (TEXT, DOCUMENT, RESIDUE):
        assert node.held()[0] == reason, "what was forgotten is asked again, and nothing else"
        node.decide(RELEASE)
    assert node.case().state == "released"
