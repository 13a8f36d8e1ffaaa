"""How many instances of a site reached which step: live counters, exact because every fact counts once."""

from collections import Counter
from dataclasses import dataclass, field

from services.tracker.study import Change
from shared.events import InstanceHeld, InstanceUnheld, Outgoing, SiteCounted


@dataclass(slots=True)
class SiteState:
    """The counters of one site, and what the topic already says of them.

    A study's marks say whether an instance is new, so only what was held back needs a set of ids here.
    """

    site: str
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    held: set[str] = field(default_factory=set)
    announced: str = ""
    announced_at: float = float("-inf")

    def apply(self, change: Change) -> None:
        """Count what an event changed for one instance."""
        self.counts.update(change.gained)
        self.counts.subtract(change.lost)
        if change.rejected is not None:
            self.reasons[f"rejected/{change.rejected}"] += 1

    def hold(self, event: InstanceHeld | InstanceUnheld, event_id: str) -> bool:
        """Count an instance that stays in the identified zone, or no longer does. False: it was counted before.

        The two are on two topics, so a count may be below nothing until the other one has come: then it is not told.
        """
        if event_id in self.held:
            return False
        self.held.add(event_id)
        self.reasons[f"{event.outcome}/{event.reason}"] += -1 if isinstance(event, InstanceUnheld) else 1
        return True

    @property
    def counted(self) -> Outgoing:
        """The counters as they would be published now."""
        return Outgoing.of(SiteCounted(site=self.site, counts=dict(+self.counts), reasons=dict(+self.reasons)))

    def note(self, outgoing: Outgoing, at: float = float("-inf")) -> None:
        """These counts stand on the topic."""
        self.announced, self.announced_at = outgoing.id, at

    def due(self, interval: float, now: float) -> Outgoing | None:
        """What is to be published about the site at `now`."""
        return None if self.settled or now - self.announced_at < interval else self.counted

    @property
    def settled(self) -> bool:
        """Whether the topic says what is so."""
        return self.counted.id == self.announced
