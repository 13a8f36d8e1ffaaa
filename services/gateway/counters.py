"""The newest counts of each site, kept in memory from the topic `clean.site.counted`."""

import threading
from collections.abc import Callable, Iterator, Sequence

from shared.events import SiteCounted
from shared.events.envelope import UndecodableEvent, decode
from shared.kafka.log import Record
from shared.outcome import Transient

TOPIC = SiteCounted.topic
RETRY_SECONDS = 5.0
Tail = Callable[[], Iterator[list[Record]]]


class SiteCounters:
    """What is known of each site. Thread-safe: one thread follows the topic, many read."""

    def __init__(self) -> None:
        self._states: dict[str, SiteCounted] = {}

    def apply(self, counted: SiteCounted) -> None:
        """The newest state of a site replaces the one before."""
        self._states[counted.site] = counted

    def all(self) -> tuple[SiteCounted, ...]:
        """The states of all sites, by name."""
        return tuple(sorted(self._states.copy().values(), key=lambda counted: counted.site))


def apply_records(records: Sequence[Record], counters: SiteCounters) -> None:
    """Take over what the records say. One that cannot be read is passed over: the next state replaces it anyway."""
    for record in records:
        try:
            event = decode(record.topic, record.value, record.headers)
        except UndecodableEvent:
            continue
        if isinstance(event, SiteCounted):
            counters.apply(event)


def follow(tail: Tail, counters: SiteCounters, stop: threading.Event) -> None:
    """Read the topic until `stop`, from its beginning again whenever the broker was away."""
    while not stop.is_set():
        try:
            for records in tail():
                apply_records(records, counters)
                if stop.is_set():
                    return
        except Transient:
            stop.wait(RETRY_SECONDS)
