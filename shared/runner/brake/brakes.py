"""All brakes of one stage: what may be handled, what its outcomes say, and who is let go on (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.events import WHOLE_STAGE, BrakeChanged, BrakeReleased
from shared.runner.brake.policy import Policy
from shared.runner.brake.probing import Probing
from shared.runner.brake.state import States
from shared.runner.brake.subject import End, Subject
from shared.runner.brake.windows import Windows


@dataclass(frozen=True, slots=True)
class Judged:
    """What outcomes lead to. It counts once it is published, and is handed to `Brakes.accept` then.

    `changes`: to be published with the outcomes. `again`: indices of those that are to be parked instead of published.
    """

    changes: tuple[BrakeChanged, ...]
    again: frozenset[int]
    windows: Windows
    probing: Mapping[str, Probing] = field(default_factory=dict)


class Brakes:
    """No clock inside: the time is given. Not thread-safe: the runner's loop owns it."""

    def __init__(self, stage: str, policy: Policy, *, identified: bool) -> None:
        self._floor = policy.floor
        self._states = States(stage, identified, policy)
        self._all: dict[str, BrakeChanged] = {}
        self._windows = Windows(policy)
        self._probing: dict[str, Probing] = {}

    @property
    def on(self) -> tuple[BrakeChanged, ...]:
        """Those that are on."""
        return tuple(state for state in self._all.values() if state.on)

    # --- before records are handled

    def due(self, now: datetime) -> bool:
        """Open half of each brake whose time has come. Whether there is one that has not been open before."""
        due = [
            state.site
            for state in self.on
            if state.next_probe_at is not None and state.next_probe_at <= now and state.site not in self._probing
        ]
        self._probing.update(dict.fromkeys(due, Probing()))
        return bool(due)

    def limit(self) -> int | None:
        """How many records may be taken at all; None: as many as come."""
        return self._wanted(WHOLE_STAGE) if self._is_on(WHOLE_STAGE) else None

    @property
    def wants_parked(self) -> bool:
        """Whether a half-open brake still has records to try."""
        return any(probing.wanted > 0 for probing in self._probing.values())

    def admits(self, subjects: Sequence[Subject | None]) -> list[bool]:
        """Of each of some records, whether it is handled now. The others are parked."""
        wanted = {state.site: self._wanted(state.site) for state in self.on}
        admitted = []
        for subject in subjects:
            free = subject is None or subject.site not in wanted
            if not free and subject is not None:
                free = wanted[subject.site] > 0
                wanted[subject.site] -= 1
            admitted.append(free)
        return admitted

    # --- after

    def judge(self, ends: Sequence[End | None], now: datetime) -> Judged:
        """What these outcomes lead to. None: one that says nothing."""
        windows, changes, known = self._windows.fork(), dict[str, BrakeChanged](), self._known()
        tried: dict[str, list[tuple[int, str]]] = {}
        for index, end in enumerate(ends):
            if end is None:
                continue
            site = end.subject.site
            if braked := self._braked(site):
                # Who is not half-open tries nothing: this was given up unhandled, or goes with what tripped the brake.
                if braked in self._probing:
                    tried.setdefault(braked, []).append((index, end.reason))
            # What was handled together with the records that trip it stays as it is.
            elif not {site, WHOLE_STAGE} & changes.keys() and self._floor and (found := windows.take(end, known)):
                changes[found[0]] = self._states.tripped(*found, self._all.get(found[0]), now)
        probing, again = dict(self._probing), set[int]()
        for site, ended in tried.items():
            state = self._all[site]
            failed = {index for index, reason in ended if reason == state.reason}
            again |= failed
            probe = probing.pop(site).after(len(ended), len(failed))
            if probe.doubtful(state.ordinary):
                changes[site] = self._states.kept(state, now)
            elif (stepped := probe.stepped()).over:
                changes[site] = self._states.vanished(state, now)
            else:
                probing[site] = stepped
        return Judged(tuple(changes.values()), frozenset(again), windows, probing)

    def release(self, releases: Iterable[BrakeReleased], now: datetime) -> Judged:
        """What people have released; what is off, or was braked again since, is left as it is."""
        changes = []
        for release in releases:
            state = self._all.get(release.site)
            if state is not None and state.on and state.brake == release.brake:
                changes.append(self._states.released(state, release, now))
        return Judged(tuple(changes), frozenset(), self._windows.fork(), dict(self._probing))

    def accept(self, judged: Judged) -> bool:
        """It is published. Whether what is parked is to be read now: a brake went off, or a probe went well."""
        went_well = any(probing.step > self._probing[site].step for site, probing in judged.probing.items())
        self._windows, self._probing = judged.windows, dict(judged.probing)
        went_off = [self.adopt(change) for change in judged.changes]
        return went_well or any(went_off)

    def adopt(self, state: BrakeChanged) -> bool:
        """A state that this worker, or another one of the stage, has told. Whether a brake went off by it."""
        before = self._all.get(state.site)
        if not self._floor or (before is not None and before.changed_at >= state.changed_at):
            return False
        self._all[state.site] = state
        self._probing.pop(state.site, None)
        if state.on or before is None or not before.on:
            return False
        self._windows.forget(state.site, self._known())
        return True

    def _is_on(self, site: str) -> bool:
        state = self._all.get(site)
        return state is not None and state.on

    def _braked(self, site: str) -> str | None:
        """Whose brake is on for `site`: the stage's, its own, or none."""
        return next((name for name in (WHOLE_STAGE, site) if self._is_on(name)), None)

    def _wanted(self, site: str) -> int:
        probing = self._probing.get(site)
        return 0 if probing is None else probing.wanted

    def _known(self) -> dict[str, Mapping[str, float]]:
        return {site: state.known for site, state in self._all.items()}
