"""The windows of all sites of a stage (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events import WHOLE_STAGE
from shared.runner.brake.policy import Policy
from shared.runner.brake.subject import GOOD, End
from shared.runner.brake.window import History, Trip, Window

SITES = 2
"""So many sites must fail for the stage itself to be the cause."""

Name = tuple[str, str]
"""Site, and kind of its records."""
Known = Mapping[str, Mapping[str, float]]
"""By site and reason, the share that somebody released as ordinary."""


class Windows:
    """One for each site and kind, and one of dead letters for the stage. Made when the first outcome comes."""

    def __init__(self, policy: Policy, before: Mapping[Name, Window] | None = None) -> None:
        self._policy = policy
        self._before = dict(before or {})
        self._own: dict[Name, Window] = {}

    def fork(self) -> Windows:
        """The same, to go its own way: what changes is copied first."""
        return Windows(self._policy, self._before | self._own)

    def take(self, end: End, known: Known) -> tuple[str, Trip] | None:
        """One more outcome; the site (or the stage) that it trips, and by what."""
        dead = end.reason if end.dead else GOOD
        of_stage = self._of((WHOLE_STAGE, ""), known)
        of_site = self._of((end.subject.site, end.subject.kind), known)
        of_stage.take(dead, end.subject.site)
        of_site.take(end.reason, end.subject.study)
        if dead != GOOD and (trip := of_stage.trip(dead, self._policy.floor, SITES)):
            return WHOLE_STAGE, trip
        if end.reason != GOOD and (trip := of_site.trip(end.reason, self._policy.floor)):
            return end.subject.site, trip
        return None

    def forget(self, site: str, known: Known) -> None:
        """A brake is off: what `site` sends (all of them, if it was the stage's) is judged by what comes next."""
        for name in {**self._before, **self._own}:
            if site in (WHOLE_STAGE, name[0]):
                window = self._of(name, known)
                window.forget()
                for reason, share in known.get(name[0], {}).items():
                    window.know(reason, share)

    def _of(self, name: Name, known: Known) -> Window:
        if name not in self._own:
            before = self._before.get(name)
            self._own[name] = before.copy() if before else _new(self._policy.window, known.get(name[0], {}))
        return self._own[name]


def _new(size: int, known: Mapping[str, float]) -> Window:
    history = History()
    for reason, share in known.items():
        history.know(reason, share)
    return Window(size, history)
