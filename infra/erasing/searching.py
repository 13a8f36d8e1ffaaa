"""Which arrivals are those of the wanted ones, and what there is of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from infra.erasing.heads import HEAD, patient_of
from infra.erasing.holdings import TOPICS, Holding, Holdings
from infra.erasing.whose import Whose
from shared.events import (
    Event,
    InstanceAnonymised,
    InstanceAnonymisedInBulk,
    InstanceReceived,
    InstanceReceivedInBulk,
)
from shared.storage import ObjectNotFound, Store

COPIES = (InstanceAnonymised.topic, InstanceAnonymisedInBulk.topic)
ARRIVALS = (InstanceReceived.topic, InstanceReceivedInBulk.topic)

Stores = Mapping[str, Store]
"""By bucket."""


class Reads(Protocol):
    """What is needed of `topics.KafkaTopics` to search."""

    def read(self, topics: Sequence[str]) -> Iterator[Event]:
        """All that they say by now. Raises Transient."""
        ...


@dataclass(slots=True)
class Matched:
    """The arrivals that were found. `read`: originals that were looked into; `unread`: those that do not say whose they
    are, so that somebody has to look."""

    arrivals: set[str] = field(default_factory=set)
    read: int = 0
    unread: list[str] = field(default_factory=list)


def search(topics: Reads, whose: Whose, originals: Store, *, look: bool = True) -> Matched:
    """By their events where those tell, and else by the beginning of the original: of what has no clean copy (it is
    held, rejected, dead or still under way) at the sites from which a wanted patient may have been sent.

    `look`: whether originals are read at all. Raises Transient.
    """
    found, known = Matched(set(whose.arrivals)), set[str]()
    for event in topics.read(COPIES):
        if isinstance(event, InstanceAnonymised):
            if whose.has_copy(event):
                found.arrivals.add(event.arrival)
            elif event.site in whose.sites:
                known.add(event.arrival)
    untold: dict[str, InstanceReceived] = {}
    for event in topics.read(ARRIVALS):
        if isinstance(event, InstanceReceived):
            if whose.has_arrival(event):
                found.arrivals.add(event.arrival)
            elif event.site in whose.sites and event.arrival not in known:
                untold[event.arrival] = event
    for arrival in untold.keys() - found.arrivals if look else ():
        _look(untold[arrival], whose, originals, found)
    return found


def _look(event: InstanceReceived, whose: Whose, originals: Store, found: Matched) -> None:
    try:
        head = originals.part(event.key, 0, HEAD)
    except ObjectNotFound:
        return  # discarded, or expired: nothing of it is left to be his
    found.read += 1
    patient = patient_of(head)
    if patient is None:
        found.unread.append(event.arrival)
    elif whose.has_patient(event.site, *patient):
        found.arrivals.add(event.arrival)


def gather(topics: Reads, arrivals: Iterable[str]) -> list[Holding]:
    """All that the topics say of these. Raises Transient."""
    holdings = Holdings(set(arrivals))
    for event in topics.read(TOPICS):
        holdings.take(event)
    return list(holdings)


def shared_keys(topics: Reads, holdings: Iterable[Holding]) -> frozenset[str]:
    """Objects of the clean side that other arrivals have too: the same bytes came of them. Raises Transient."""
    mine = {holding.arrival: holding for holding in holdings}
    digests = {digest for holding in mine.values() for digest in holding.copies}
    found: set[str] = set()
    others = set[str]()
    for event in topics.read(COPIES):
        if isinstance(event, InstanceAnonymised) and event.digest in digests and event.arrival not in mine:
            found |= {event.key} | ({event.header_key} if event.header_key else set())
            others.add(event.digest)
    for holding in mine.values():
        if others & holding.copies.keys():
            found |= holding.pictures
    return frozenset(found)


def there(holding: Holding, stores: Stores, kept: frozenset[str]) -> list[tuple[str, str]]:
    """Bucket and key of what is still in the store of it, but for what is `kept` for others. Raises Transient."""
    return [
        (bucket, key)
        for bucket, key in dict.fromkeys(holding.objects)
        if key not in kept and any(found == key for found in stores[bucket].keys(key))
    ]
