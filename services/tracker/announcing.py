"""When to say what about a study: rate-limited updates, completion after a quiet time, reopening."""

from dataclasses import dataclass
from typing import assert_never

from services.tracker.study import StudyState
from shared.events import Outgoing, StudyCompleted, StudyReopened, StudyUpdated

StudyEvent = StudyUpdated | StudyCompleted | StudyReopened


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Nothing is left of the study `key`: its newest word on `topic` is to be forgotten."""

    topic: str
    key: str


Saying = Outgoing | Tombstone


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds."""

    interval: float
    """Between two updates of one study, or two counts of one site."""
    quiet: float
    """Without anything new before a study counts as complete."""
    patience: float
    """The same while instances are known that have not come through: one that never will must not hold it open."""


@dataclass(slots=True)
class Announced:
    """What the topics already say about one study.

    The number of changes of a study only grows. So it orders completions and reopenings without a clock, and says
    whether two fingerprints are the same.
    """

    update: str = ""
    """Id of the newest StudyUpdated."""
    updated_at: float = float("-inf")
    completed: int = 0
    """Changes up to the newest StudyCompleted; 0 for none."""
    reopened: int = 0
    """Changes up to the newest StudyReopened; 0 for none."""

    @property
    def complete(self) -> bool:
        """Whether the last word was that the study is complete."""
        return self.completed > 0 and self.reopened <= self.completed

    def note(self, outgoing: Outgoing, event: StudyEvent, at: float = float("-inf")) -> None:
        """`event` stands on its topic."""
        match event:
            case StudyUpdated():
                self.update, self.updated_at = outgoing.id, at
            case StudyCompleted():
                self.completed = _changes(event)
            case StudyReopened():
                self.reopened = _changes(event)
            case _ as unreachable:
                assert_never(unreachable)

    def forget(self, tombstone: Tombstone) -> None:
        """Nothing stands on that topic any more."""
        if tombstone.topic == StudyUpdated.topic:
            self.update = ""
        elif tombstone.topic == StudyCompleted.topic:
            self.completed = 0
        else:
            self.reopened = 0

    def tombstones(self, uid: str) -> tuple[Tombstone, ...]:
        """What takes the words about study `uid` from the topics on which there are some."""
        said = ((StudyUpdated, self.update), (StudyCompleted, self.completed), (StudyReopened, self.reopened))
        return tuple(Tombstone(model.topic, uid) for model, known in said if known)


def _changes(event: StudyEvent) -> int:
    return event.instances + 2 * event.retracted


def is_quiet(study: StudyState, pace: Pace, now: float) -> bool:
    """Whether nothing was added to the study for long enough."""
    return now - study.active_at >= (pace.patience if study.under_way else pace.quiet)


def due(study: StudyState, announced: Announced, pace: Pace, now: float) -> tuple[Saying, ...]:
    """What is to be published about the study at `now`, in this order."""
    if not study.instances:
        return announced.tombstones(study.study_instance_uid) if study.retracted else ()
    changed = study.changes > announced.completed
    completes = changed and is_quiet(study, pace, now)
    events: list[Outgoing] = []
    if changed and announced.complete:
        events.append(study.reopened())
    if study.update.id != announced.update and (completes or now - announced.updated_at >= pace.interval):
        events.append(study.update)
    if completes:
        events.append(study.completed())
    return tuple(events)


def settled(study: StudyState, announced: Announced) -> bool:
    """Whether there is nothing to say about the study until something new arrives."""
    if not study.instances:
        return not (study.retracted and announced.tombstones(study.study_instance_uid))
    return study.changes <= announced.completed and study.update.id == announced.update
