"""Which brakes are on and which are being released: a fold over events (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shared.events import (
    Audit,
    AuditRecorded,
    BrakeChanged,
    BrakeReleased,
    CleanAuditRecorded,
    CleanBrakeChanged,
    CleanBrakeReleased,
    Event,
    IdentifiedBrakeChanged,
    IdentifiedBrakeReleased,
)

ZoneName = Literal["identified", "clean"]
State = Literal["on", "being released", "off"]


@dataclass(frozen=True, slots=True)
class Zone:
    """The topics of one zone."""

    name: ZoneName
    changed: type[BrakeChanged]
    released: type[BrakeReleased]
    audit: type[Audit]

    @property
    def topics(self) -> tuple[str, str]:
        """All that the fold needs."""
        return (self.changed.topic, self.released.topic)


ZONES = (
    Zone("identified", IdentifiedBrakeChanged, IdentifiedBrakeReleased, AuditRecorded),
    Zone("clean", CleanBrakeChanged, CleanBrakeReleased, CleanAuditRecorded),
)


@dataclass(frozen=True, slots=True)
class Brake:
    """One that is on, or was. `state`: being released, when a person has said so and its stage has not yet."""

    zone: Zone
    told: BrakeChanged
    state: State


class Brakes:
    """All of a zone. Events of one stage and site are taken in their order."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._told: dict[str, BrakeChanged] = {}
        self._released: set[str] = set()

    def take(self, event: Event) -> None:
        """One record."""
        if isinstance(event, BrakeChanged):
            self._told[event.partition_key()] = event
        elif isinstance(event, BrakeReleased):
            self._released.add(event.brake)

    def __iter__(self) -> Iterator[Brake]:
        """All of them, the oldest first."""
        for told in sorted(self._told.values(), key=lambda one: (one.tripped_at, one.partition_key())):
            yield Brake(self._zone, told, self._state(told))

    def _state(self, told: BrakeChanged) -> State:
        if not told.on:
            return "off"
        return "being released" if told.brake in self._released else "on"
