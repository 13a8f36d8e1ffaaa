"""Events of the identified zone. They name original UIDs and never leave that zone."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from shared.events.event import Event


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


class IdentifiedInstanceQuarantined(_Arrival):
    """The anonymiser holds the instance back for a person to decide."""

    topic: ClassVar[str] = "identified.instance.quarantined"
    owner: ClassVar[str] = "anonymiser"

    reason: str
    profile: str = Field(description="Revision of the de-identification profile that decided.")

    def identity(self) -> tuple[str, ...]:
        return (self.arrival, self.profile)


class IdentifiedInstanceRejected(_Arrival):
    """The anonymiser cannot read the instance at all."""

    topic: ClassVar[str] = "identified.instance.rejected"
    owner: ClassVar[str] = "anonymiser"

    reason: str
    profile: str

    def identity(self) -> tuple[str, ...]:
        return (self.arrival, self.profile)
