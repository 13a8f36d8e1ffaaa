"""Carries a wish out: decisions and their audit become durable together, and only then bytes are deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from infra.operating.desk import Overtaken
from infra.quarantine.cases import Case, Cases
from infra.quarantine.deciding import ActResult, NotHeld, Wish, audit_of, decide
from shared.events import FOR_GOOD, AuditRecorded, Event, InstanceDecided
from shared.outcome import Transient
from shared.storage import Store

PORTION = 2000
"""Decisions in one transaction: far from its time-out of ten seconds."""

GONE = ("discarded", "expired")


class Deciding(Protocol):
    """The right to decide, while nobody else takes it (`operating.desk.Desk`)."""

    def publish(self, events: Sequence[Event]) -> None:
        """All of them or none. Raises Overtaken or Transient."""
        ...


class Topics(Protocol):
    """What is needed of `ledger.Ledger`."""

    def read(self) -> tuple[Cases, int]:
        """All cases, and how many records could not be decoded."""
        ...

    def completed(self, cases: Sequence[Case]) -> list[Case]:
        """The same, with everything that a decision has to tell."""
        ...

    def promised(self) -> Mapping[str, datetime]:
        """By arrival, until when a site has been promised that its bytes are kept."""
        ...

    def tell(self, events: Iterable[Event]) -> None:
        """Publish what decides nothing."""
        ...

    def sit_down(self) -> Deciding:
        """The right to decide."""
        ...


@dataclass(slots=True)
class Acted:
    """What became of a wish. `undeleted`: decided, and the bytes are still there."""

    decided: list[tuple[Case, InstanceDecided]] = field(default_factory=list)
    refused: list[tuple[Case, str]] = field(default_factory=list)
    deleted: list[Case] = field(default_factory=list)
    undeleted: list[Case] = field(default_factory=list)
    overtaken: bool = False
    away: str = ""


def act(topics: Topics, store: Store | None, wish: Wish, arrivals: Sequence[str]) -> Acted:
    """Decide about each of `arrivals`, as it is by now; `store` holds the bytes that `wish` may delete.

    Never raises for what went wrong half-way: the result says what was done. Raises Transient before anything was.
    """
    desk, acted = topics.sit_down(), Acted()
    cases, _ = topics.read()
    chosen = [case for case in (cases.case(arrival) for arrival in arrivals) if case]
    # Asked for again: the decision stands, and perhaps the bytes were not deleted.
    repeated = [case for case in chosen if _is_repeated(case, wish)]
    _decide(desk, topics.completed([case for case in chosen if not _is_repeated(case, wish)]), wish, acted)
    if store is not None and wish.decision in FOR_GOOD:
        _delete(topics, store, wish, [*(case for case, _ in acted.decided), *repeated], acted)
    return acted


def _is_repeated(case: Case, wish: Wish) -> bool:
    return wish.decision in FOR_GOOD and case.state in GONE


def _decide(desk: Deciding, cases: Sequence[Case], wish: Wish, acted: Acted) -> None:
    for portion in _portions(cases):
        decided, refused = _decisions(portion, wish)
        events = [event for case, decision in decided for event in (decision, _audit(case, wish, decision))]
        events += [audit_of(wish.act, wish.actor, _now(), "refused", case) for case, _ in refused]
        try:
            desk.publish(events)
        except Overtaken:
            acted.overtaken = True
            return
        except Transient as away:
            acted.away = str(away)
            return
        acted.decided += decided
        acted.refused += refused


def _decisions(cases: Sequence[Case], wish: Wish) -> tuple[list[tuple[Case, InstanceDecided]], list[tuple[Case, str]]]:
    decided, refused = [], []
    for case in cases:
        try:
            decided.append((case, decide(case, wish, _now())))
        except NotHeld as why:
            refused.append((case, str(why)))
    return decided, refused


def _delete(topics: Topics, store: Store, wish: Wish, cases: Sequence[Case], acted: Acted) -> None:
    """Delete the bytes, and say of each whether they are gone. What fails can be asked for again."""
    try:
        for case in cases:
            store.delete(case.first.key)
            acted.deleted.append(case)
    except Transient as away:
        acted.away = str(away)
    acted.undeleted = list(cases[len(acted.deleted) :])
    try:
        topics.tell(
            [_deletion(case, wish, "done") for case in acted.deleted]
            + [_deletion(case, wish, "failed") for case in acted.undeleted]
        )
    except Transient as away:
        acted.away = str(away)


def _deletion(case: Case, wish: Wish, outcome: ActResult) -> AuditRecorded:
    return audit_of("quarantine.delete-bytes", wish.actor, _now(), outcome, case)


def _audit(case: Case, wish: Wish, decision: InstanceDecided) -> AuditRecorded:
    return audit_of(
        wish.act, wish.actor, _now(), "done", case, decision_id=decision.decision_id, ground=decision.ground
    )


def _portions(cases: Sequence[Case]) -> Iterator[Sequence[Case]]:
    return (cases[start : start + PORTION] for start in range(0, len(cases), PORTION))


def _now() -> datetime:
    return datetime.now(UTC)
