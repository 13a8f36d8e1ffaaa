"""The newest counts of each site, kept in memory from the topic `clean.site.counted`."""

from collections.abc import Sequence

from shared.events import SiteCounted
from shared.events.envelope import UndecodableEvent, decode
from shared.kafka.log import Record

TOPIC = SiteCounted.topic


class SiteCounters:
    """What is known of each site. Thread-safe: one thread follows the topic, many read."""

    def __init__(self) -> None:
        self._states: dict[str, SiteCounted] = {}

    def apply(self, counted: SiteCounted) -> None:
        """The newest state of a site replaces the one before."""
        self._states[counted.site] = counted

    def take(self, records: Sequence[Record]) -> None:
        """Take over what the records say. One that cannot be read is passed over: the next state replaces it anyway."""
        for record in records:
            if record.topic != TOPIC:
                continue
            try:
                event = decode(record.topic, record.value, record.headers)
            except UndecodableEvent:
                continue
            if isinstance(event, SiteCounted):
                self.apply(event)

    def all(self) -> tuple[SiteCounted, ...]:
        """The states of all sites, by name."""
        return tuple(sorted(self._states.copy().values(), key=lambda counted: counted.site))
