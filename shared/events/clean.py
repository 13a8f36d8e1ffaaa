"""Events of the clean zone: pseudonyms, our own ids and de-identified values only."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from shared.events.event import Event

DicomJson = dict[str, Any]
"""A data set in the DICOM JSON Model (PS3.18 F), without bulk data."""

HEADER_LIMIT = 256 * 1024
"""Bytes of header JSON that an event carries itself; a larger header is an object of its own."""


class BulkElement(BaseModel):
    """What is told of an element whose value stays in the object."""

    model_config = ConfigDict(frozen=True)

    tag: str = Field(pattern="^[0-9A-F]{8}$", description="Group and element, as in DICOM JSON.")
    vr: str
    length: int = Field(ge=0, description="Bytes of the value; for encapsulated ones the sum over fragments.")
    encapsulated: bool = False
    fragments: int = Field(default=0, ge=0, description="Without the basic offset table item.")


class Finding(BaseModel):
    """Something worth telling about an instance that alone does not reject it, or the reason why it was."""

    model_config = ConfigDict(frozen=True)

    code: str
    tag: str | None = Field(default=None, description="The element concerned; never its value.")


class _CleanInstance(Event):
    """What every event about one de-identified instance says."""

    site: str
    project: str
    arrival: str = Field(description="Keyed id of the arrival it was made from.")
    profile: str = Field(description="Revision of the de-identification profile.")
    patient_id: str = Field(description="Keyed pseudonym.")
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    key: str = Field(description="Where the de-identified Part 10 object lies in the bucket `clean`.")
    digest: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the de-identified Part 10 object.")
    size: int = Field(ge=0, description="Its length in bytes.")

    def identity(self) -> tuple[str, ...]:
        return (self.arrival, self.digest)

    def partition_key(self) -> str:
        return self.study_instance_uid

    def subject(self) -> str:
        return self.sop_instance_uid

    def reference(self) -> dict[str, Any]:
        """The fields that the next event about the same instance repeats."""
        return {name: getattr(self, name) for name in _CleanInstance.model_fields}


class _WithHeader(_CleanInstance):
    """Carries the de-identified header, or says where it lies when it is large."""

    header: DicomJson | None = Field(
        default=None, description="DICOM JSON Model (PS3.18 F) without bulk data; absent when `header_key` is given."
    )
    header_key: str | None = Field(default=None, description="Header object in the bucket `clean`, above 256 KiB.")
    header_digest: str | None = Field(default=None, description="SHA-256 of the header object.")
    bulk: tuple[BulkElement, ...] = ()
    findings: tuple[Finding, ...] = Field(default=(), description="What the stages so far found worth telling.")


class InstanceAnonymised(_WithHeader):
    """The de-identified copy is stored."""

    topic: ClassVar[str] = "clean.instance.anonymised"
    owner: ClassVar[str] = "anonymiser"

    key_id: str | None = Field(default=None, description="Id of the key that made the pseudonyms; never the key.")
    released: tuple[str, ...] = Field(
        default=(), description="Reason codes for which it had been held, when a person let it through all the same."
    )


class InstanceAnonymisedInBulk(InstanceAnonymised):
    """The same fact, of what came in bulk: a topic of its own, so that live traffic does not wait behind a backlog.

    A site has a partition, so that no other waits behind all of its backlog either.
    """

    topic: ClassVar[str] = "clean.instance.anonymised.bulk"

    @classmethod
    def fact_name(cls) -> str:
        return InstanceAnonymised.fact_name()

    def partition_key(self) -> str:
        return self.site


class InstanceValidated(_WithHeader):
    """The de-identified copy is a valid instance; findings are worth knowing and harmless."""

    topic: ClassVar[str] = "clean.instance.validated"
    owner: ClassVar[str] = "validator"


class InstanceValidatedInBulk(InstanceValidated):
    """The same fact, of what came in bulk."""

    topic: ClassVar[str] = "clean.instance.validated.bulk"

    @classmethod
    def fact_name(cls) -> str:
        return InstanceValidated.fact_name()

    def partition_key(self) -> str:
        return self.site


class InstanceRejected(_CleanInstance):
    """Validator or indexer refuse the instance; the object stays."""

    topic: ClassVar[str] = "clean.instance.rejected"
    owner: ClassVar[str] = "validator"

    stage: str
    reason: str
    findings: tuple[Finding, ...] = ()

    def identity(self) -> tuple[str, ...]:
        return (self.arrival, self.digest, self.stage)


class InstanceIndexed(_CleanInstance):
    """The instance can be found in the database."""

    topic: ClassVar[str] = "clean.instance.indexed"
    owner: ClassVar[str] = "indexer"

    modality: str | None = None


class InstanceThumbnailed(_CleanInstance):
    """There is a picture of the instance, or a reason why there is none."""

    topic: ClassVar[str] = "clean.instance.thumbnailed"
    owner: ClassVar[str] = "thumbnailer"

    renderer: str = Field(description="Revision of the renderer.")
    picture: str | None = Field(default=None, description="JPEG in the bucket `derived`.")
    width: int | None = Field(default=None, description="Pixels.")
    height: int | None = Field(default=None, description="Pixels.")
    reason: str | None = Field(default=None, description="Why there is no picture.")

    def identity(self) -> tuple[str, ...]:
        return (self.arrival, self.digest, self.renderer)


class InstanceRetracted(Event):
    """The instance is no longer to be used: delete it, and what was made of it.

    With the reason `erased` nothing of its arrival is let in again, whatever comes late of it. Of an arrival of which
    no copy was known, only its id is told, so that one that is still under way is kept out too.
    """

    topic: ClassVar[str] = "clean.instance.retracted"
    owner: ClassVar[str] = "operators"

    site: str
    project: str
    arrival: str = Field(description="As in the event of the anonymiser.")
    reason: str = Field(description="`erased`: for good, with all that was made of the arrival.")
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None
    key: str | None = Field(default=None, description="Where it lay in the bucket `clean`.")
    digest: str | None = Field(default=None, description="Of the de-identified Part 10 object.")
    successor: str | None = Field(default=None, description="Digest of the object that takes its place, if one does.")

    def identity(self) -> tuple[str, ...]:
        return (self.arrival, self.digest or "", self.reason)

    def partition_key(self) -> str:
        return self.study_instance_uid or self.arrival

    def subject(self) -> str:
        return self.sop_instance_uid or self.arrival


ERASED = "erased"
"""The reason of a retraction that is for good."""


class InstanceHeld(Event):
    """One more instance of a site was held back or refused in the identified zone. No more is told."""

    topic: ClassVar[str] = "clean.instance.held"
    owner: ClassVar[str] = "anonymiser"
    # The trace names the arrival.
    traced: ClassVar[bool] = False

    site: str
    project: str
    outcome: str = Field(pattern="^(quarantined|rejected|dead-lettered)$")
    reason: str

    def partition_key(self) -> str:
        return self.site

    def subject(self) -> str:
        return self.site


class InstanceUnheld(Event):
    """One instance fewer of a site is held or dead: what `clean.instance.held` counted for it is undone.

    Somebody decided about it, or had its dead record handled again. A topic of its own, because readers that do not
    know it must not take a subtraction for one more. What came of it is counted like everything else: anonymised, or
    held again.
    """

    topic: ClassVar[str] = "clean.instance.unheld"
    owner: ClassVar[str] = "anonymiser"
    # The trace names the arrival.
    traced: ClassVar[bool] = False

    site: str
    project: str
    outcome: str = Field(pattern="^(quarantined|dead-lettered)$", description="What it had been counted as.")
    reason: str = Field(description="For which reason.")

    def partition_key(self) -> str:
        return self.site

    def subject(self) -> str:
        return self.site


class _Study(Event):
    """State of one study, as far as it has been indexed."""

    site: str
    project: str
    patient_id: str
    study_instance_uid: str
    series: int = Field(ge=0, description="Number of series.")
    instances: int = Field(ge=0, description="Number of indexed instances.")
    thumbnails: int = Field(ge=0, description="Number of them with a picture.")
    modalities: tuple[str, ...] = ()
    retracted: int = Field(default=0, ge=0, description="Number of instances that were indexed and taken out again.")
    fingerprint: str = Field(description="SHA-256 over the sorted instance digests: the same content, the same value.")

    def identity(self) -> tuple[str, ...]:
        # Without it where it says nothing, so that what was said before there was any still has its id.
        gone = (str(self.retracted),) if self.retracted else ()
        return (self.study_instance_uid, self.fingerprint, str(self.thumbnails), *gone)

    def partition_key(self) -> str:
        return self.study_instance_uid

    def subject(self) -> str:
        return self.study_instance_uid


class StudyUpdated(_Study):
    """Something was added to the study, or taken out of it. Nothing is told of a study without instances."""

    topic: ClassVar[str] = "clean.study.updated"
    owner: ClassVar[str] = "tracker"


class StudyCompleted(_Study):
    """Nothing was added for a quiet time."""

    topic: ClassVar[str] = "clean.study.completed"
    owner: ClassVar[str] = "tracker"


class StudyReopened(_Study):
    """Something was added to a study that had been said to be complete, or taken out of it."""

    topic: ClassVar[str] = "clean.study.reopened"
    owner: ClassVar[str] = "tracker"


class SiteCounted(Event):
    """How many instances of a site reached which step. A state: the newest one counts."""

    topic: ClassVar[str] = "clean.site.counted"
    owner: ClassVar[str] = "tracker"

    site: str
    counts: dict[str, int] = Field(description="By step: anonymised, validated, indexed, thumbnailed, no-picture.")
    reasons: dict[str, int] = Field(description="By `outcome/reason`: quarantined, rejected, dead-lettered.")

    def identity(self) -> tuple[str, ...]:
        parts = {**self.counts, **self.reasons}
        return (self.site, *(f"{name}={parts[name]}" for name in sorted(parts)))

    def partition_key(self) -> str:
        return self.site

    def subject(self) -> str:
        return self.site
