"""Every event model there is, by topic and by type name."""

from functools import cache

from shared import events
from shared.events.event import Event

ABSTRACT = (
    events.Event,
    events.Audit,
    events.BrakeChanged,
    events.BrakeReleased,
    events.DeadLetter,
    events.LetterSettled,
    events.Parked,
    events.SetAside,
)


@cache
def models() -> tuple[type[Event], ...]:
    """All published event models, by topic."""
    exported = (getattr(events, name) for name in events.__all__)
    found = [item for item in exported if isinstance(item, type) and issubclass(item, Event) and item not in ABSTRACT]
    return tuple(sorted(found, key=lambda model: (model.topic, model.version)))


@cache
def by_type(name: str) -> type[Event] | None:
    """The model of that CloudEvents type, if we have one."""
    return next((model for model in models() if model.type_name() == name), None)
