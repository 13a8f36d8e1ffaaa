"""When to say what about a study: rate-limited updates, completion after a quiet time, reopening."""

from dataclasses import dataclass
from typing import assert_never

from services.tracker.study import StudyState
from shared.events import Outgoing, StudyCompleted, StudyReopened, StudyUpdated

StudyEvent = StudyUpdated | StudyCompleted | StudyReopened


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

    The indexed content of a study only grows. So its number of instances orders completions and reopenings
    without a clock, and says whether two fingerprints are the same.
    """

    update: str = ""
    """Id of the newest StudyUpdated."""
    updated_at: float = float("-inf")
    completed: int = 0
    """Instances in the newest StudyCompleted; 0 for none."""
    reopened: int = 0
    """Instances in the newest StudyReopened; 0 for none."""

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
                self.completed = event.instances
            case StudyReopened():
                self.reopened = event.instances
            case _ as unreachable:
                assert_never(unreachable)


def is_quiet(study: StudyState, pace: Pace, now: float) -> bool:
    """Whether nothing was added to the study for long enough."""
    return now - study.active_at >= (pace.patience if study.under_way else pace.quiet)


def due(study: StudyState, announced: Announced, pace: Pace, now: float) -> tuple[Outgoing, ...]:
    """What is to be published about the study at `now`, in this order."""
    if not study.instances:
        return ()
    added = study.instances > announced.completed
    completes = added and is_quiet(study, pace, now)
    events: list[Outgoing] = []
    if added and announced.complete:
        events.append(study.reopened())
    if study.update.id != announced.update and (completes or now - announced.updated_at >= pace.interval):
        events.append(study.update)
    if completes:
        events.append(study.completed())
    return tuple(events)


def settled(study: StudyState, announced: Announced) -> bool:
    """Whether there is nothing to say about the study until something new arrives."""
    if not study.instances:
        return True
    return study.instances <= announced.completed and study.update.id == announced.update
