"""All studies and sites of a node, in memory: takes events in, says what is to be published."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.tracker.announcing import Announced, Pace, Saying, Tombstone, due, settled
from services.tracker.sites import SiteState
from services.tracker.study import InstanceEvent, StudyState
from shared.events import (
    Event,
    InstanceAnonymised,
    InstanceHeld,
    InstanceIndexed,
    InstanceRejected,
    InstanceRetracted,
    InstanceThumbnailed,
    InstanceUnheld,
    InstanceValidated,
    Outgoing,
    SiteCounted,
    StudyCompleted,
    StudyReopened,
    StudyUpdated,
)

PORTION = 100
"""Studies that are looked at without letting others run."""


@dataclass(slots=True)
class Tracker:
    """Not thread-safe. Its state is a function of the events taken in, whatever their order and repetition."""

    pace: Pace
    studies: dict[str, StudyState] = field(default_factory=dict)
    announced: dict[str, Announced] = field(default_factory=dict)
    sites: dict[str, SiteState] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)
    _recounted: set[str] = field(default_factory=set)

    @property
    def open_studies(self) -> int:
        """Studies about which something is still to be said."""
        return len(self._open)

    def forget(self) -> None:
        """Start anew."""
        self.studies.clear()
        self.sites.clear()
        self.forget_announced()

    def forget_announced(self) -> None:
        """Keep what has arrived, but no longer trust what we know of our own topics."""
        self.announced.clear()
        for site in self.sites.values():
            site.announced = ""
        self._open = set(self.studies)
        self._recounted = set(self.sites)

    def apply(self, event: Event, event_id: str, at: float) -> bool:
        """Take `event` in, which came at `at` (seconds). False: nothing new."""
        match event:
            case InstanceHeld() | InstanceUnheld():
                changed = self._site(event.site).hold(event, event_id)
            case (
                InstanceAnonymised()
                | InstanceValidated()
                | InstanceRejected()
                | InstanceIndexed()
                | InstanceThumbnailed()
                | InstanceRetracted()
            ):
                changed = self._apply_to_study(event, at)
            case _:
                return False
        if changed:
            self._recounted.add(event.site)
        return changed

    def recall(self, event: Event) -> None:
        """`event` is what one of our own topics says last under its key."""
        outgoing = Outgoing.of(event)
        match event:
            case StudyUpdated() | StudyCompleted() | StudyReopened():
                self.announced.setdefault(event.study_instance_uid, Announced()).note(outgoing, event)
            case SiteCounted():
                self._site(event.site).note(outgoing)
            case _:
                pass

    def due(self, now: float) -> Iterator[list[Saying]]:
        """What is to be published now. Each is offered again until it is confirmed.

        In portions, some of them empty, so that the caller may let others run in between: after a start there
        are as many studies to look at as the node has.
        """
        uids = list(self._open)
        for start in range(0, len(uids), PORTION):
            yield [outgoing for uid in uids[start : start + PORTION] for outgoing in self._due_of(uid, now)]
        counted = [self.sites[site].due(self.pace.interval, now) for site in sorted(self._recounted)]
        yield [outgoing for outgoing in counted if outgoing is not None]
        self._recounted = {site for site in self._recounted if not self.sites[site].settled}

    def _due_of(self, uid: str, now: float) -> tuple[Saying, ...]:
        study = self.studies.get(uid)
        announced = self.announced.setdefault(uid, Announced())
        if study is None or settled(study, announced):
            self._open.discard(uid)
            return ()
        return due(study, announced, self.pace, now)

    def confirm(self, outgoing: Saying, now: float) -> None:
        """The broker has it."""
        if isinstance(outgoing, Tombstone):
            self.announced[outgoing.key].forget(outgoing)
            return
        event = outgoing.event
        if isinstance(event, SiteCounted):
            self._site(event.site).note(outgoing, now)
        elif isinstance(event, StudyUpdated | StudyCompleted | StudyReopened):
            self.announced[event.study_instance_uid].note(outgoing, event, now)

    def _site(self, site: str) -> SiteState:
        return self.sites.setdefault(site, SiteState(site))

    def _apply_to_study(
        self,
        event: InstanceEvent,
        at: float,
    ) -> bool:
        uid = event.study_instance_uid
        if uid is None:
            return False  # no copy of it was known to who retracted it
        study = self.studies.get(uid)
        if study is None:
            study = self.studies[uid] = StudyState(uid, at)
        change = study.apply(event, at)
        if change is None:
            return False
        self._site(event.site).apply(change)
        self._open.add(uid)
        return True
