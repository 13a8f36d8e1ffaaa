"""What there is of each wanted arrival, by what the topics say: a fold over events, in whatever order (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from shared.events import (
    ERASED,
    Event,
    InstanceAnonymised,
    InstanceAnonymisedInBulk,
    InstanceCommitted,
    InstanceErased,
    InstanceReceived,
    InstanceReceivedInBulk,
    InstanceRetracted,
    InstanceThumbnailed,
)

TOPICS = tuple(
    model.topic
    for model in (
        InstanceAnonymised,
        InstanceAnonymisedInBulk,
        InstanceReceived,
        InstanceReceivedInBulk,
        InstanceCommitted,
        InstanceThumbnailed,
        InstanceErased,
        InstanceRetracted,
    )
)
"""All that the fold needs."""


@dataclass(slots=True)
class Holding:
    """One arrival: its original, its clean copies by digest, and what was said of its end."""

    arrival: str
    site: str = ""
    project: str = ""
    original: str | None = None
    copies: dict[str, InstanceAnonymised] = field(default_factory=dict)
    pictures: set[str] = field(default_factory=set)
    promised: datetime | None = None
    erased: InstanceErased | None = None
    retracted: set[str | None] = field(default_factory=set)

    @property
    def is_told(self) -> bool:
        """Whether both zones have been told that it is erased, with all copies that there are."""
        return self.erased is not None and bool(self.retracted) and self.copies.keys() <= self.retracted

    @property
    def objects(self) -> Iterator[tuple[str, str]]:
        """Bucket and key of all that was made of it, what depends on others first."""
        yield from (("derived", key) for key in sorted(self.pictures))
        for copy in self.copies.values():
            if copy.header_key:
                yield "clean", copy.header_key
            yield "clean", copy.key
        if self.original:
            yield "identified", self.original


class Holdings:
    """Of the arrivals that are `wanted`; more may become so, and then what was said of them has to be read again."""

    def __init__(self, wanted: set[str]) -> None:
        self._found = {arrival: Holding(arrival) for arrival in wanted}

    def take(self, event: Event) -> None:
        """One event. Repeats change nothing."""
        arrival = getattr(event, "arrival", None)
        holding = self._found.get(arrival) if arrival is not None else None
        if holding is None:
            return
        holding.site = getattr(event, "site", holding.site)
        holding.project = getattr(event, "project", holding.project)
        match event:
            case InstanceReceived():
                holding.original = event.key
            case InstanceAnonymised():
                holding.copies[event.digest] = event
            case InstanceCommitted():
                holding.promised = max(event.until, holding.promised or event.until)
                holding.original = holding.original or event.key
            case InstanceThumbnailed(picture=str(key)):
                holding.pictures.add(key)
            case InstanceErased():
                holding.erased = holding.erased or event
            case InstanceRetracted() if event.reason == ERASED:
                holding.retracted.add(event.digest)
            case _:
                pass

    def __iter__(self) -> Iterator[Holding]:
        """All of which anything was said, in one order."""
        return iter(sorted((one for one in self._found.values() if one.site), key=lambda one: one.arrival))
