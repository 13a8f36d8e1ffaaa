"""What the routes are made of: given once, by `__main__` or by a test."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.gateway.catalogue import Catalogue
from services.gateway.counters import SiteCounters
from services.gateway.database import Database
from services.gateway.letters import KnownLetters
from services.gateway.wado import Retrieval
from shared.storage import Store


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Parts:
    """The gateway's adapters and what it knows of its surroundings."""

    database: Database
    clean: Store
    derived: Store
    counters: SiteCounters
    letters: KnownLetters
    trace_store_url: str | None = None
    now: Callable[[], datetime] = _now

    @property
    def catalogue(self) -> Catalogue:
        """The index, asked in its own words."""
        return Catalogue(self.database)

    @property
    def retrieval(self) -> Retrieval:
        """Index and store together."""
        return Retrieval(self.catalogue, self.clean, self.derived)
