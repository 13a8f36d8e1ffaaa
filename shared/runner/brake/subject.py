"""What of a record the brake looks at: whose it is, and how it ended (pure)."""

from dataclasses import dataclass

from shared.events import Event, InstanceDecided, InstanceRetracted
from shared.outcome import Done, Skip
from shared.runner.deadletters import UNKNOWN, reason_for
from shared.runner.handling import Result

GOOD = ""
"""In the place of a reason."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A record that may be parked. `kind`: what is counted together, since an indexer gets several of one image."""

    site: str
    kind: str
    study: str


@dataclass(frozen=True, slots=True)
class End:
    """How it ended. `dead`: as a dead letter."""

    subject: Subject
    reason: str
    dead: bool = False


def subject_of(event: Event | None, key: str | None, *, asked_for: bool) -> Subject | None:
    """What is to be thought of a record with this event (None: undecodable) and this key.

    `asked_for`: a person wants it handled again. That is never held up and says nothing about a site, nor does what a
    person has decided or erased; None for these.
    """
    if asked_for or isinstance(event, InstanceDecided | InstanceRetracted):
        return None
    if event is None:
        return Subject(UNKNOWN, UNKNOWN, key or "")
    site = getattr(event, "site", None)
    # What comes in bulk is keyed by its site.
    study = getattr(event, "study_key", None) or getattr(event, "study_instance_uid", None) or key or ""
    return Subject(site, event.fact_name(), study) if isinstance(site, str) else None


def ended(subject: Subject | None, result: Result) -> End | None:
    """How it ended; None for what says nothing, as a repeat does."""
    if subject is None or isinstance(result, Skip):
        return None
    if isinstance(result, Exception):
        return End(subject, reason_for(result).value, dead=True)
    return End(subject, GOOD if isinstance(result, Done) else result.reason.value)
