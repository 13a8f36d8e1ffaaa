"""From a trip, a probe or a release to the state that a stage tells of its brake (pure)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.events import BrakeChanged, BrakeReleased, CleanBrakeChanged, IdentifiedBrakeChanged
from shared.events.event import fact_id
from shared.runner.brake.policy import MENDED, Policy
from shared.runner.brake.window import Trip


@dataclass(frozen=True, slots=True)
class States:
    """Makes the states of one stage's brakes, in the zone that the stage reads from."""

    stage: str
    identified: bool
    policy: Policy

    def tripped(self, site: str, trip: Trip, before: BrakeChanged | None, now: datetime) -> BrakeChanged:
        """The brake is on. `before`: what was told of this site's last."""
        model: type[BrakeChanged] = IdentifiedBrakeChanged if self.identified else CleanBrakeChanged
        return model(
            stage=self.stage,
            site=site,
            brake=fact_id("brake", self.stage, site, trip.reason, now.isoformat()),
            on=True,
            reason=trip.reason,
            failed=trip.failed,
            window=trip.window,
            ordinary=trip.ordinary,
            tripped_at=now,
            changed_at=_changed(before, now),
            next_probe_at=self.policy.next_probe(now, 0),
            known=before.known if before else {},
        )

    def kept(self, state: BrakeChanged, now: datetime) -> BrakeChanged:
        """A probe failed: it stays on, and for longer."""
        probes = state.probes + 1
        told = {
            "probes": probes,
            "changed_at": _changed(state, now),
            "next_probe_at": self.policy.next_probe(now, probes),
        }
        return state.model_copy(update=told)

    def vanished(self, state: BrakeChanged, now: datetime) -> BrakeChanged:
        """Probes went well: it is off."""
        return state.model_copy(
            update={"on": False, "ended": "vanished", "changed_at": _changed(state, now), "next_probe_at": None}
        )

    def released(self, state: BrakeChanged, release: BrakeReleased, now: datetime) -> BrakeChanged:
        """Somebody released it: it is off, and unless the cause was mended, the share is ordinary from now on."""
        known = state.known if release.ground in MENDED else {**state.known, state.reason: state.share}
        told = {
            "on": False,
            "ended": "released",
            "changed_at": _changed(state, now),
            "next_probe_at": None,
            "known": known,
        }
        return state.model_copy(update=told)


def _changed(before: BrakeChanged | None, now: datetime) -> datetime:
    """When a state changes: always after the one before, even if the clock was set back meanwhile."""
    return now if before is None else max(now, before.changed_at + timedelta(microseconds=1))
