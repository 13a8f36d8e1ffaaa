"""Which letters are meant (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.letters import Letter


@dataclass(frozen=True, slots=True)
class Filter:
    """What a letter must be like; an empty part asks for nothing. `release` and `error` are beginnings."""

    reasons: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    release: str = ""
    error: str = ""
    states: tuple[str, ...] = ()

    def matches(self, letter: Letter) -> bool:
        """Whether `letter` is meant."""
        event = letter.event
        return (
            (not self.reasons or event.reason in self.reasons)
            and (not self.services or event.stage in self.services)
            and (not self.sites or letter.site in self.sites)
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at < self.until)
            and event.release.startswith(self.release)
            and (event.error or "").startswith(self.error)
            and (not self.states or letter.state in self.states)
        )

    @property
    def only_site(self) -> str | None:
        """The site, when there is just one."""
        return self.sites[0] if len(self.sites) == 1 else None

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing but states."""
        return self == Filter(states=self.states)
