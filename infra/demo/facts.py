"""What the topics said of each arrival: a fold over events, in whatever order they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from shared.events import (
    CleanDeadLetter,
    CleanLetterSettled,
    Event,
    IdentifiedDeadLetter,
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    IdentifiedLetterSettled,
    InstanceAnonymised,
    InstanceAnonymisedInBulk,
    InstanceCleared,
    InstanceDecided,
    InstanceIndexed,
    InstanceReceived,
    InstanceReceivedInBulk,
    InstanceRejected,
    InstanceThumbnailed,
    InstanceValidated,
    InstanceValidatedInBulk,
    Outgoing,
)

RECEIVED = (InstanceReceived.topic, InstanceReceivedInBulk.topic)
OUTCOMES = tuple(
    model.topic
    for model in (
        IdentifiedInstanceQuarantined,
        IdentifiedInstanceRejected,
        IdentifiedDeadLetter,
        IdentifiedLetterSettled,
        InstanceDecided,
        InstanceCleared,
        InstanceAnonymised,
        InstanceAnonymisedInBulk,
        InstanceValidated,
        InstanceValidatedInBulk,
        InstanceRejected,
        InstanceIndexed,
        InstanceThumbnailed,
        CleanDeadLetter,
        CleanLetterSettled,
    )
)
TOPICS = (*RECEIVED, *OUTCOMES)

STAGES: dict[type[Event], str] = {
    InstanceReceived: "received",
    InstanceReceivedInBulk: "received",
    InstanceAnonymised: "anonymised",
    InstanceAnonymisedInBulk: "anonymised",
    InstanceValidated: "validated",
    InstanceValidatedInBulk: "validated",
    InstanceIndexed: "indexed",
    InstanceThumbnailed: "thumbnailed",
}
"""What an instance has reached once its event is there, in order."""

Origin = tuple[str, str]
"""Site code and digest: what makes two arrivals the same."""

Coordinates = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where an arrival ended."""

    outcome: str
    stage: str
    reason: str | None = None


@dataclass(slots=True)
class Way:
    """One arrival, as far as it has come.

    `holds` has the decision that led to each (None: the arrival itself), `decided` what each decision came after.
    """

    arrival: str
    origin: Origin | None = None
    trace_id: str | None = None
    reached: dict[str, datetime] = field(default_factory=dict)
    ends: set[Verdict] = field(default_factory=set)
    letters: dict[str, Verdict] = field(default_factory=dict)
    holds: dict[str | None, Verdict] = field(default_factory=dict)
    decided: dict[str, str | None] = field(default_factory=dict)
    carried_out: set[str] = field(default_factory=set)
    clean_key: str | None = None
    modality: str | None = None
    study: str | None = None
    pictured: bool = False
    picture: str | None = None
    no_picture: str | None = None

    @property
    def verdicts(self) -> set[Verdict]:
        """All that was said of it, but for holds that a decision which was carried out has ended."""
        ended: set[str | None] = set()
        for decision in self.carried_out:
            before = self.decided.get(decision)
            while before is not None and before not in ended:
                ended.add(before)
                before = self.decided.get(before)
            ended.add(before)
        held = {verdict for led_by, verdict in self.holds.items() if led_by not in ended}
        return self.ends | held | set(self.letters.values())

    @property
    def verdict(self) -> Verdict | None:
        """The end of it; a dead letter outweighs whatever else was said."""
        ordered = sorted(self.verdicts, key=lambda one: (one.outcome != "dead_lettered", one.outcome, one.stage))
        return ordered[0] if ordered else None

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be expected of it."""
        verdict = self.verdict
        return verdict is not None and (verdict.outcome != "clean" or self.pictured)

    @property
    def last_stage(self) -> str:
        return next((stage for stage in reversed(STAGES.values()) if stage in self.reached), "received")


class Facts:
    """Everything that was read. Arrivals before `begin` (offsets of the topics of arrivals) belong to earlier runs."""

    def __init__(self, begin: dict[tuple[str, int], int], ours: Iterable[Origin]) -> None:
        self._begin = begin
        self._ours = frozenset(ours)
        self._ways: dict[str, Way] = {}
        self._arrivals: dict[Origin, str] = {}
        self._at: dict[Coordinates, str] = {}
        self._letters: list[tuple[Coordinates, str, Verdict]] = []
        self._undone: set[str] = set()
        self.earlier: set[Origin] = set()

    def take(self, event: Event, at: Coordinates, when: datetime, trace_id: str | None) -> None:
        """One record. Repeats change nothing."""
        if isinstance(event, CleanDeadLetter | IdentifiedDeadLetter):
            source = (event.source_topic, event.source_partition, event.source_offset)
            letter = Outgoing.of(event).id
            self._letters.append((source, letter, Verdict("dead_lettered", event.stage, event.reason)))
            return
        if isinstance(event, CleanLetterSettled | IdentifiedLetterSettled):
            if event.state != "discarded":
                self._undone.add(event.letter)
            return
        arrival = getattr(event, "arrival", None)
        if not isinstance(arrival, str):
            return
        if isinstance(event, InstanceDecided):
            # Where it lies is not noted: its dead letter would end nothing.
            self._ways.setdefault(arrival, Way(arrival)).decided[event.decision_id] = event.after
            return
        if isinstance(event, InstanceReceived) and not self._receive(event, at):
            return
        self._at[at] = arrival
        way = self._ways.setdefault(arrival, Way(arrival))
        way.trace_id = way.trace_id or trace_id
        stage = STAGES.get(type(event))
        if stage:
            way.reached.setdefault(stage, when)
        _tell(way, event)

    def _receive(self, event: InstanceReceived, at: Coordinates) -> bool:
        """Whether the arrival is of this run and ours."""
        origin = (event.site, event.digest)
        if at[2] < self._begin.get(at[:2], 0):
            self.earlier.add(origin)
            return False
        if origin not in self._ours or origin in self.earlier:
            return False
        self._arrivals.setdefault(origin, event.arrival)
        self._ways.setdefault(event.arrival, Way(event.arrival)).origin = origin
        return True

    def bury(self) -> None:
        """Give the dead letters read so far to their arrivals, now that their sources may have been read too.

        Of one that was requeued, what came of it counts.
        """
        unknown = []
        for source, letter, verdict in self._letters:
            arrival = self._at.get(source)
            if arrival is None:
                unknown.append((source, letter, verdict))
            else:
                self._ways[arrival].letters[letter] = verdict
        self._letters = unknown
        for way in self._ways.values():
            for letter in way.letters.keys() & self._undone:
                del way.letters[letter]

    def ways(self) -> Iterator[Way]:
        """The arrivals of this run that are ours."""
        return (self._ways[arrival] for arrival in self._arrivals.values())

    def way(self, origin: Origin) -> Way | None:
        """The arrival of this run with those bytes from that site."""
        arrival = self._arrivals.get(origin)
        return self._ways[arrival] if arrival else None

    def quiet(self, expected: Iterable[Origin]) -> bool:
        """Whether all that was sent is known, and all that is known has ended."""
        known = self.earlier
        return all(way.settled for way in self.ways()) and all(
            origin in known or origin in self._arrivals for origin in expected
        )


def _tell(way: Way, event: Event) -> None:
    match event:
        case IdentifiedInstanceQuarantined():
            way.holds[event.decision_id] = Verdict("quarantined", "anonymiser", event.reason)
            _carry_out(way, event.decision_id)
        case IdentifiedInstanceRejected():
            way.ends.add(Verdict("rejected", "anonymiser", event.reason))
            _carry_out(way, event.decision_id)
        case InstanceCleared():
            _carry_out(way, event.decision_id)
        case InstanceAnonymised():
            way.clean_key, way.study = event.key, event.study_instance_uid
        case InstanceRejected():
            way.ends.add(Verdict("rejected", event.stage, event.reason))
        case InstanceIndexed():
            way.ends.add(Verdict("clean", "indexer"))
            way.clean_key, way.modality, way.study = event.key, event.modality, event.study_instance_uid
        case InstanceThumbnailed():
            way.pictured = True
            way.picture, way.no_picture = event.picture, event.reason
        case _:
            pass


def _carry_out(way: Way, decision: str | None) -> None:
    if decision is not None:
        way.carried_out.add(decision)
