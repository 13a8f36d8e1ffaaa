"""Events of the identified zone. They name original UIDs and never leave that zone."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.audit import Ground
from shared.events.event import Event

Choice = Literal["release", "retry", "discard", "expire"]
"""What may be decided about an instance that is held."""

FOR_GOOD: tuple[Choice, ...] = ("discard", "expire")
"""After these it never goes through, and its bytes are deleted."""


class _Arrival(Event):
    """What every event about one arrived instance says."""

    site: str = Field(description="The site's configured opaque code.")
    project: str = Field(description="The project whose key and profile apply.")
    arrival: str = Field(
        description="Keyed id of this arrival (HMAC over site and digest): the only name of it that may cross zones."
    )
    study_key: str = Field(description="Keyed hash of the Study Instance UID: the partition key.")
    key: str = Field(description="Where the bytes lie in the bucket `identified`.")
    digest: str = Field(
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 over the transfer syntax UID and the data set bytes, without file meta.",
    )

    def identity(self) -> tuple[str, ...]:
        return (self.arrival,)

    def partition_key(self) -> str:
        return self.study_key

    def subject(self) -> str:
        return self.arrival


class InstanceReceived(_Arrival):
    """The bytes of one composite instance are stored exactly as they were sent."""

    topic: ClassVar[str] = "identified.instance.received"
    owner: ClassVar[str] = "receiver"

    association: str = Field(description="Our own random id of the DICOM association it came on.")
    size: int = Field(ge=0, description="Length of the stored Part 10 object in bytes.")
    sop_class_uid: str
    sop_instance_uid: str = Field(description="As sent in (0000,1000).")
    transfer_syntax_uid: str
    received_at: datetime


class InstanceReceivedInBulk(InstanceReceived):
    """The same fact, of what came in bulk: a topic of its own, so that live traffic does not wait behind a backlog.

    A site has a partition, so that no other waits behind all of its backlog either.
    """

    topic: ClassVar[str] = "identified.instance.received.bulk"

    @classmethod
    def fact_name(cls) -> str:
        return InstanceReceived.fact_name()

    def partition_key(self) -> str:
        return self.site


class InstanceCommitted(Event):
    """A site has been or will be told that we keep what it sent: its bytes do not expire before `until`.

    Of several about one arrival the latest `until` counts.
    """

    topic: ClassVar[str] = "identified.instance.committed"
    owner: ClassVar[str] = "receiver"

    site: str = Field(description="The site's configured opaque code.")
    arrival: str = Field(description="As in identified.instance.received.")
    key: str = Field(description="Where the bytes lie in the bucket `identified`.")
    commitment: str = Field(description="Our own random id of the request that it comes of.")
    until: datetime

    def identity(self) -> tuple[str, ...]:
        return (self.arrival, self.commitment)

    def partition_key(self) -> str:
        return self.arrival

    def subject(self) -> str:
        return self.arrival


class _Verdict(_Arrival):
    """What every verdict of the anonymiser that keeps an instance on this side says."""

    reason: str
    profile: str = Field(description="Revision of the de-identification profile that decided.")
    decision_id: str | None = Field(
        default=None, description="The decision that it came of; absent when it is the verdict on the arrival itself."
    )

    def identity(self) -> tuple[str, ...]:
        return (self.arrival, self.profile, *((self.decision_id,) if self.decision_id else ()))


class IdentifiedInstanceQuarantined(_Verdict):
    """The anonymiser holds the instance back for a person to decide."""

    topic: ClassVar[str] = "identified.instance.quarantined"
    owner: ClassVar[str] = "anonymiser"

    places: tuple[str, ...] = Field(
        default=(),
        description="Where and by what it was found, `(0040,A730)[2](0040,A160) phone`: tag paths and names of "
        "detectors, never a value.",
    )
    lifted: tuple[str, ...] = Field(
        default=(),
        description="Reason codes for which decisions before this verdict had let it through: they hold it no more.",
    )
    sop_class_uid: str | None = None
    transfer_syntax_uid: str | None = None
    size: int | None = Field(default=None, ge=0, description="Length of the stored Part 10 object in bytes.")


class IdentifiedInstanceRejected(_Verdict):
    """There is nothing to let through: unreadable, dropped by the profile, or discarded by a person."""

    topic: ClassVar[str] = "identified.instance.rejected"
    owner: ClassVar[str] = "anonymiser"


class InstanceDecided(_Arrival):
    """A person (or the retention policy) decided about one instance that is held.

    Decisions make a chain: each is about the hold that the verdict on the arrival (`after` absent) or an earlier
    decision (`after`) ended in. A hold is decided once; of two decisions with the same `after`, the first counts.
    """

    topic: ClassVar[str] = "identified.instance.decided"
    owner: ClassVar[str] = "operators"

    decision_id: str = Field(description="A random UUID.")
    decision: Choice = Field(
        description="`release`: run again with the holds for `for_reason` and `lifted` lifted. `retry`: run again "
        "as things are now, with none lifted. `discard`, `expire`: never again; the bytes are deleted."
    )
    for_reason: str = Field(description="The reason code for which it is held.")
    lifted: tuple[str, ...] = Field(
        default=(), description="What a release lifts besides: the reason codes that releases before it had lifted."
    )
    after: str | None = Field(default=None, description="The decision whose outcome is the hold that this one ends.")
    profile: str | None = Field(default=None, description="Name of a profile to retry with, instead of the site's.")
    transfer_syntax_uid: str | None = Field(default=None, description="As it was received.")
    ground: Ground
    actor: str = Field(max_length=128, description="Login name of who decided. Identified zone only.")
    decided_at: datetime

    def identity(self) -> tuple[str, ...]:
        return (self.arrival, self.decision_id)


class InstanceCleared(_Arrival):
    """A decision has let the instance through: its clean copy is stored."""

    topic: ClassVar[str] = "identified.instance.cleared"
    owner: ClassVar[str] = "anonymiser"

    decision_id: str
    profile: str = Field(description="Revision of the de-identification profile that was applied.")

    def identity(self) -> tuple[str, ...]:
        return (self.arrival, self.decision_id)


class InstanceErased(Event):
    """Somebody has erased this arrival: its bytes are deleted or about to be, and it never goes through again."""

    topic: ClassVar[str] = "identified.instance.erased"
    owner: ClassVar[str] = "operators"

    site: str = Field(description="The site's configured opaque code.")
    project: str
    arrival: str = Field(description="As in identified.instance.received.")
    receipt: str = Field(
        description="Our own random id of the act: that of its receipt, and of its lines in the audit."
    )
    ground: Ground
    erased_at: datetime

    def identity(self) -> tuple[str, ...]:
        return (self.arrival,)

    def subject(self) -> str:
        return self.arrival

    def partition_key(self) -> str:
        return self.arrival
