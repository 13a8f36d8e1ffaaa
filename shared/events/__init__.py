"""The events of Isocentre: models, envelope and registry. Schemas in schemas/ are generated from here."""

from shared.events.clean import (
    BulkElement,
    Finding,
    InstanceAnonymised,
    InstanceHeld,
    InstanceIndexed,
    InstanceRejected,
    InstanceThumbnailed,
    InstanceUnheld,
    InstanceValidated,
    SiteCounted,
    StudyCompleted,
    StudyReopened,
    StudyUpdated,
)
from shared.events.deadletter import CleanDeadLetter, DeadLetter, IdentifiedDeadLetter
from shared.events.event import Event, Outgoing
from shared.events.identified import (
    AuditRecorded,
    Choice,
    Ground,
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    InstanceCleared,
    InstanceDecided,
    InstanceReceived,
)

__all__ = [
    "AuditRecorded",
    "BulkElement",
    "Choice",
    "CleanDeadLetter",
    "DeadLetter",
    "Event",
    "Finding",
    "Ground",
    "IdentifiedDeadLetter",
    "IdentifiedInstanceQuarantined",
    "IdentifiedInstanceRejected",
    "InstanceAnonymised",
    "InstanceCleared",
    "InstanceDecided",
    "InstanceHeld",
    "InstanceIndexed",
    "InstanceReceived",
    "InstanceRejected",
    "InstanceThumbnailed",
    "InstanceUnheld",
    "InstanceValidated",
    "Outgoing",
    "SiteCounted",
    "StudyCompleted",
    "StudyReopened",
    "StudyUpdated",
]
