"""What has arrived of one study: the same events in any order, once or often, give the same state."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from shared.events import (
    InstanceAnonymised,
    InstanceIndexed,
    InstanceRejected,
    InstanceRetracted,
    InstanceThumbnailed,
    InstanceValidated,
    Outgoing,
    StudyCompleted,
    StudyReopened,
    StudyUpdated,
)

InstanceEvent = (
    InstanceAnonymised
    | InstanceValidated
    | InstanceRejected
    | InstanceIndexed
    | InstanceThumbnailed
    | InstanceRetracted
)

# What is known of one instance, one bit each: or-ing them is what makes order and repetition harmless.
ANONYMISED: Final = 1
VALIDATED: Final = 2
INDEXED: Final = 4
PICTURED: Final = 8
PICTURELESS: Final = 16
REJECTED: Final = 32  # by the validator
UNINDEXED: Final = 64  # by the indexer
RETRACTED: Final = 128

_STEPS: Final = ((ANONYMISED, "anonymised"), (VALIDATED, "validated"), (INDEXED, "indexed"), (PICTURED, "thumbnailed"))


def steps(marks: int) -> frozenset[str]:
    """The steps that an instance with these marks has reached, as SiteCounted names them; none of what is gone."""
    if marks & RETRACTED:
        return frozenset()
    reached = {name for mark, name in _STEPS if marks & mark}
    # A later renderer may make the picture that an earlier one could not.
    if marks & PICTURELESS and not marks & PICTURED:
        reached.add("no-picture")
    return frozenset(reached)


def under_way(marks: int) -> bool:
    """Whether more is to come: neither refused or gone nor both indexed and done with its picture."""
    if marks & (REJECTED | UNINDEXED | RETRACTED):
        return False
    return not (marks & INDEXED and marks & (PICTURED | PICTURELESS))


def mark_of(event: InstanceEvent) -> int:
    """What the event says of its instance."""
    match event:
        case InstanceAnonymised():
            return ANONYMISED
        case InstanceValidated():
            return VALIDATED
        case InstanceIndexed():
            return INDEXED
        case InstanceThumbnailed():
            return PICTURED if event.picture is not None else PICTURELESS
        case InstanceRejected():
            return REJECTED if event.stage == "validator" else UNINDEXED
        case InstanceRetracted():
            return RETRACTED


@dataclass(frozen=True, slots=True)
class Change:
    """What an event changed for the counters of its site."""

    gained: frozenset[str]
    lost: frozenset[str] = frozenset()
    rejected: str | None = None


@dataclass(slots=True)
class StudyState:
    """Everything known of one study. `active_at` is in the seconds of the clock that `apply` is given."""

    study_instance_uid: str
    active_at: float
    # Two sites may send the same study: the smallest one speaks, so that the order of arrival does not matter.
    origin: tuple[str, str, str] = ("", "", "")
    marks: dict[bytes, int] = field(default_factory=dict)
    digests: set[bytes] = field(default_factory=set)
    series: Counter[str] = field(default_factory=Counter)
    modalities: set[tuple[str, str]] = field(default_factory=set)
    """By series."""
    retracted: int = 0
    """Number of indexed instances that were taken out again."""
    thumbnails: int = 0
    under_way: int = 0
    _fingerprint: str | None = None
    _update: Outgoing | None = None

    @property
    def instances(self) -> int:
        """Number of indexed instances with different content that were not taken out again."""
        return len(self.digests)

    @property
    def changes(self) -> int:
        """How often instances came or went, at least: it only grows, and the same number means the same content."""
        return self.instances + 2 * self.retracted

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the sorted digests of these."""
        if self._fingerprint is None:
            self._fingerprint = hashlib.sha256(b"".join(sorted(self.digests))).hexdigest()
        return self._fingerprint

    @property
    def update(self) -> Outgoing:
        """The state as it would be published now."""
        if self._update is None:
            self._update = Outgoing.of(StudyUpdated(**self._fields()))
        return self._update

    def completed(self) -> Outgoing:
        return Outgoing.of(StudyCompleted(**self._fields()))

    def reopened(self) -> Outgoing:
        return Outgoing.of(StudyReopened(**self._fields()))

    def apply(self, event: InstanceEvent, at: float) -> Change | None:
        """Take `event` in, which came at `at`. None: nothing new."""
        # Two arrivals may clean to the same bytes, and each is counted: both names make the instance.
        name = hashlib.blake2b(f"{event.arrival}\x1f{event.digest}".encode(), digest_size=16).digest()
        before = self.marks.get(name, 0)
        after = before | mark_of(event)
        if after == before:
            return None
        self.marks[name] = after
        self.active_at = max(self.active_at, at)
        self.thumbnails += _shown(after) - _shown(before)
        self.under_way += under_way(after) - (under_way(before) if before else 0)
        self.retracted += _gone(after) - _gone(before)
        self._describe(event)
        self._count(event, _is_in(after) - _is_in(before))
        self._update = None
        rejected = event.reason if isinstance(event, InstanceRejected) else None
        return Change(steps(after) - steps(before), steps(before) - steps(after), rejected)

    def _describe(self, event: InstanceEvent) -> None:
        if isinstance(event, InstanceRetracted):
            return
        origin = (event.site, event.project, event.patient_id)
        self.origin = min(self.origin, origin) if self.origin[0] else origin
        if isinstance(event, InstanceIndexed) and event.modality is not None:
            self.modalities.add((event.series_instance_uid, event.modality))

    def _count(self, event: InstanceEvent, more: int) -> None:
        """`more`: 1 when the instance has come in by the event, -1 when it has gone."""
        if not more or event.digest is None or event.series_instance_uid is None:
            return
        digest = bytes.fromhex(event.digest)
        self.digests.add(digest) if more > 0 else self.digests.discard(digest)
        self._fingerprint = None
        self.series[event.series_instance_uid] += more

    def _fields(self) -> dict[str, Any]:
        site, project, patient_id = self.origin
        return {
            "site": site,
            "project": project,
            "patient_id": patient_id,
            "study_instance_uid": self.study_instance_uid,
            "series": len(+self.series),
            "instances": self.instances,
            "thumbnails": self.thumbnails,
            "modalities": tuple(sorted({modality for series, modality in self.modalities if self.series[series] > 0})),
            "retracted": self.retracted,
            "fingerprint": self.fingerprint,
        }


def _shown(marks: int) -> int:
    """1 for an instance that is in and has a picture."""
    return int(marks & (INDEXED | PICTURED | RETRACTED) == INDEXED | PICTURED)


def _is_in(marks: int) -> int:
    """1 for an instance that is indexed and was not taken out again."""
    return int(marks & (INDEXED | RETRACTED) == INDEXED)


def _gone(marks: int) -> int:
    """1 for one that was."""
    return int(marks & (INDEXED | RETRACTED) == INDEXED | RETRACTED)
