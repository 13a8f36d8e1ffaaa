"""Releases brakes: what is wished, and the events that say so. Release and audit become durable together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4

from infra.brake.brakes import Brake, Brakes, Zone
from shared.events import Event, Ground

ACT = "brake.release"


class Deciding(Protocol):
    """The right to release, while nobody else takes it (`infra.operating.desk.Desk`)."""

    def publish(self, events: Sequence[Event]) -> None:
        """All of them or none. Raises Overtaken or Transient."""
        ...


class Topics(Protocol):
    """What is needed of `topics.KafkaTopics`."""

    zone: Zone

    def there(self) -> bool:
        """Whether who asks can see this zone at all."""
        ...

    def read(self) -> Brakes:
        """All brakes."""
        ...

    def sit_down(self) -> Deciding:
        """The right to release."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """Which brakes somebody wants released. `site` None: all that are on for `stage`, and its own."""

    stage: str
    site: str | None
    ground: Ground
    actor: str

    def means(self, brake: Brake) -> bool:
        """Whether `brake` is one of them: on, and not released by somebody else already."""
        return brake.state == "on" and brake.told.stage == self.stage and self.site in (None, brake.told.site)


def release(topics: Topics, wish: Wish) -> list[Brake]:
    """Release those that are meant, as they are by now; which they were. Raises Overtaken and Transient."""
    desk = topics.sit_down()
    found = [brake for brake in topics.read() if wish.means(brake)]
    if found:
        desk.publish([event for brake in found for event in events_of(brake, wish, datetime.now(UTC))])
    return found


def events_of(brake: Brake, wish: Wish, now: datetime) -> tuple[Event, Event]:
    """What says that it is released, and by whom (pure)."""
    told, zone = brake.told, brake.zone
    released = zone.released(stage=told.stage, site=told.site, brake=told.brake, ground=wish.ground)
    audit = zone.audit(
        audit_id=str(uuid4()),
        act=ACT,
        actor=wish.actor,
        recorded_at=now,
        outcome="done",
        stage=told.stage,
        site=told.site,
        ground=wish.ground,
    )
    return released, audit
