"""What a handler may answer, and the tree of failures that is the retry policy.

Outcome                              Failure
├── Done        published on         ├── Transient   pause, back off, the same record again
├── Skip        nothing to do        ├── Permanent   a verdict with a reason code
├── Quarantine  held for a person    ├── Fenced      no longer ours: nothing is committed
└── Reject      a verdict on the object  └── (anything else is a bug: dead-lettered as `unexpected`)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.events import Outgoing


class Reason(StrEnum):
    """Why something did not simply go on. Registered with its meaning in schemas/reasons.yaml."""

    # Held by the anonymiser: it cannot clean these, so a person decides.
    BURNED_IN_TEXT = "burned-in-text"
    ENCAPSULATED_DOCUMENT = "encapsulated-document"
    OVERLAY = "overlay"
    UNCLEANABLE = "uncleanable"
    NOT_EXAMINED = "not-examined"
    UNREADABLE_PIXELS = "unreadable-pixels"
    POSSIBLE_FACE = "possible-face"
    RESIDUAL_IDENTITY = "residual-identity"
    HELD_BY_PROFILE = "held-by-profile"
    # Rejected by the anonymiser: there is no readable composite instance.
    NOT_DICOM = "not-dicom"
    MISSING_UID = "missing-uid"
    UNDECODABLE = "undecodable"
    # Rejected by the anonymiser: its profile drops such objects, or a person or the retention policy ended the hold.
    DROPPED_BY_PROFILE = "dropped-by-profile"
    DISCARDED = "discarded"
    EXPIRED = "expired"
    # Rejected by the validator.
    MISSING_TYPE_1 = "missing-type-1"
    MALFORMED_UID = "malformed-uid"
    PIXEL_LENGTH = "pixel-length"
    MODALITY_MISMATCH = "modality-mismatch"
    # Rejected by the indexer.
    UID_CONFLICT = "uid-conflict"
    SAME_CONTENT = "same-content"
    # Why there is no picture (thumbnailer).
    NO_PIXELS = "no-pixels"
    NO_DECODER = "no-decoder"
    DECODER_FAILED = "decoder-failed"
    DECODER_DIED = "decoder-died"
    # Dead letters (runner).
    UNDECODABLE_EVENT = "undecodable-event"
    OUTPUT_TOO_LARGE = "output-too-large"
    WORKER_DIED = "worker-died"
    WORKER_HUNG = "worker-hung"
    UNEXPECTED = "unexpected"
    # Nothing to do.
    ALREADY_DONE = "already-done"
    ANOTHER_STAGE = "another-stage"
    ERASED = "erased"
    # Refused at the door (receiver).
    UNKNOWN_AE_TITLE = "unknown-ae-title"
    TLS_FAILED = "tls-failed"
    TLS_REQUIRED = "tls-required"
    ADDRESS_REFUSED = "address-refused"
    CERTIFICATE_REFUSED = "certificate-refused"
    USER_REFUSED = "user-refused"
    SITE_DISABLED = "site-disabled"
    STORE_AWAY = "store-away"
    BROKER_AWAY = "broker-away"
    NO_SPACE = "no-space"
    UID_MISMATCH = "uid-mismatch"
    QUOTA_SPENT = "quota-spent"
    NOT_UNDERSTOOD = "not-understood"
    NO_DATA_SET = "no-data-set"
    CLASS_MISMATCH = "class-mismatch"
    UNRECOGNISED_OPERATION = "unrecognised-operation"


@dataclass(frozen=True, slots=True)
class Done:
    """The work is done; `events` are its results."""

    events: tuple[Outgoing, ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """There was nothing to do."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The object is held for a person to decide; `events` say so."""

    reason: Reason
    events: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class Reject:
    """The object is refused for good; `events` say so."""

    reason: Reason
    events: tuple[Outgoing, ...]


Outcome = Done | Skip | Quarantine | Reject


def events_of(outcome: Outcome) -> Sequence[Outgoing]:
    """What `outcome` asks the runner to publish."""
    return () if isinstance(outcome, Skip) else outcome.events


class Failure(Exception):
    """Root of the failures that adapters and handlers may raise on purpose."""


class Transient(Failure):
    """The store, the database or the broker is away or slow: the same call may succeed later."""


class Fenced(Failure):
    """Another worker has the partition by now, and nothing was written: what is still ours of the batch comes again."""


class Permanent(Failure):
    """This will never succeed; `reason` is its code."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


SPOILING = (MemoryError, ImportError)
"""After these a worker process (`shared.isolation`) is not used again: a module that found no memory for its libraries
stays half imported. What runs in such a process lets them through."""
