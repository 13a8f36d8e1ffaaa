"""The events of Isocentre: models, envelope and registry. Schemas in schemas/ are generated from here."""

from shared.events.clean import (
    BulkElement,
    Finding,
    InstanceAnonymised,
    InstanceHeld,
    InstanceIndexed,
    InstanceRejected,
    InstanceThumbnailed,
    InstanceValidated,
    SiteCounted,
    StudyCompleted,
    StudyReopened,
    StudyUpdated,
)
from shared.events.deadletter import CleanDeadLetter, DeadLetter, IdentifiedDeadLetter
from shared.events.event import Event, Outgoing
from shared.events.identified import (
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    InstanceReceived,
)

__all__ = [
    "BulkElement",
    "CleanDeadLetter",
    "DeadLetter",
    "Event",
    "Finding",
    "IdentifiedDeadLetter",
    "IdentifiedInstanceQuarantined",
    "IdentifiedInstanceRejected",
    "InstanceAnonymised",
    "InstanceHeld",
    "InstanceIndexed",
    "InstanceReceived",
    "InstanceRejected",
    "InstanceThumbnailed",
    "InstanceValidated",
    "Outgoing",
    "SiteCounted",
    "StudyCompleted",
    "StudyReopened",
    "StudyUpdated",
]
