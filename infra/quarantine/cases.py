"""What waits for a person and what people decided: a fold over events, in whatever order they are read (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from shared.events import (
    Event,
    IdentifiedDeadLetter,
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    InstanceCleared,
    InstanceDecided,
)

TOPICS = tuple(
    model.topic
    for model in (
        IdentifiedInstanceQuarantined,
        IdentifiedInstanceRejected,
        InstanceDecided,
        InstanceCleared,
        IdentifiedDeadLetter,
    )
)
"""All that the fold needs."""

State = Literal["held", "released", "retried", "discarded", "expired", "rejected"]
"""`rejected`: it was released or tried again, and cannot be read after all."""


class Where(NamedTuple):
    """A record's place."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class End:
    """What came of an arrival, or of a decision. `failed`: a dead letter, so that nothing has changed."""

    kind: Literal["held", "cleared", "rejected", "failed"]
    at: datetime
    reason: str | None = None
    profile: str | None = None
    places: tuple[str, ...] = ()
    lifted: tuple[str, ...] = ()
    """Reasons that hold it no more, since it was released for them."""


@dataclass(frozen=True, slots=True)
class Step:
    """A decision and what came of it; None: the anonymiser has not carried it out yet."""

    decision: InstanceDecided
    end: End | None


@dataclass(frozen=True, slots=True)
class Case:
    """An instance that was held at least once. `first`: the verdict on its arrival; `since`: when it first was."""

    first: IdentifiedInstanceQuarantined
    since: datetime
    verdict: End
    steps: tuple[Step, ...] = ()

    @property
    def arrival(self) -> str:
        return self.first.arrival

    @property
    def last(self) -> Step | None:
        """The newest decision."""
        return self.steps[-1] if self.steps else None

    @property
    def hold(self) -> End | None:
        """What it is held for now, if it is."""
        for step in reversed(self.steps):
            if step.end is None or step.end.kind in ("cleared", "rejected"):
                return None
            if step.end.kind == "held":
                return step.end
        return self.verdict

    @property
    def state(self) -> State:
        if self.last is None or self.hold is not None:
            return "held"
        decision, end = self.last.decision.decision, self.last.end
        if decision == "discard":
            return "discarded"
        if decision == "expire":
            return "expired"
        if end is not None and end.kind == "rejected":
            return "rejected"
        return "released" if decision == "release" else "retried"

    @property
    def waiting(self) -> bool:
        """Whether the newest decision still has to be carried out."""
        return self.last is not None and self.last.end is None

    @property
    def reason(self) -> str:
        """Why it is held, or was before it was decided."""
        hold = self.hold
        if hold is not None and hold.reason is not None:
            return hold.reason
        return self.last.decision.for_reason if self.last else self.first.reason

    @property
    def profile(self) -> str:
        """The revision of the profile that decided last."""
        ends = [step.end.profile for step in self.steps if step.end and step.end.profile]
        return ends[-1] if ends else self.first.profile


class Cases:
    """All that was read so far."""

    def __init__(self) -> None:
        self._first: dict[str, IdentifiedInstanceQuarantined] = {}
        self._since: dict[str, datetime] = {}
        self._ends: dict[tuple[str, str | None], End] = {}
        self._decisions: dict[str, dict[Where, InstanceDecided]] = {}
        self._letters: dict[Where, End] = {}

    def take(self, event: Event, at: datetime, where: Where) -> None:
        """One record, of that time and at that place. Repeats change nothing."""
        match event:
            case IdentifiedInstanceQuarantined():
                end = End("held", at, event.reason, event.profile, event.places, event.lifted)
                if self._finish(event.arrival, event.decision_id, end) and event.decision_id is None:
                    self._first[event.arrival] = event
                self._since[event.arrival] = min(at, self._since.get(event.arrival, at))
            case IdentifiedInstanceRejected() if event.decision_id is not None:
                self._finish(event.arrival, event.decision_id, End("rejected", at, event.reason, event.profile))
            case InstanceCleared():
                self._finish(event.arrival, event.decision_id, End("cleared", at, None, event.profile))
            case InstanceDecided():
                self._decisions.setdefault(event.arrival, {})[where] = event
            case IdentifiedDeadLetter():
                source = Where(event.source_topic, event.source_partition, event.source_offset)
                self._letters[source] = End("failed", at, event.reason)
            case _:
                pass

    def _finish(self, arrival: str, decision_id: str | None, end: End) -> bool:
        """Note it unless something newer is known: a re-run under another profile may end differently."""
        known = self._ends.get((arrival, decision_id))
        if known is not None and known.at > end.at:
            return False
        self._ends[arrival, decision_id] = end
        return True

    def case(self, arrival: str) -> Case | None:
        """The case of this arrival; None when it was never held."""
        first = self._first.get(arrival)
        if first is None:
            return None
        return Case(first, self._since[arrival], self._ends[arrival, None], tuple(self._chain(arrival)))

    def _chain(self, arrival: str) -> Iterator[Step]:
        """Decisions in the order in which they follow upon each other. About one hold, only the first one counts."""
        following: dict[str | None, tuple[Where, InstanceDecided]] = {}
        for where, decision in sorted(self._decisions.get(arrival, {}).items()):
            following.setdefault(decision.after, (where, decision))
        after: str | None = None
        while after in following:
            where, decision = following.pop(after)
            after = decision.decision_id
            yield Step(decision, self._ends.get((arrival, after)) or self._letters.get(where))

    def __iter__(self) -> Iterator[Case]:
        """All cases, the oldest first."""
        found = (self.case(arrival) for arrival in self._first)
        return iter(sorted((case for case in found if case), key=lambda case: (case.since, case.arrival)))
