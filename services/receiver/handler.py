"""When may we say yes? Once the store has the bytes and the broker has the event."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Protocol

from services.receiver.allowances import Allowances
from services.receiver.arrivals import Arrivals, Occupied
from services.receiver.quotas import Quotas
from services.receiver.repeats import Repeats, StoreAway
from services.receiver.turns import NoTurn, Turns
from services.receiver.upper.landing import Landed
from shared import metrics, telemetry
from shared.dicom.identity import Pseudonyms
from shared.dicom.named import HEAD, Named, uids
from shared.dicom.raw_object import key_of
from shared.dicom.statuses import CANNOT_UNDERSTAND, CLASS_OR_UID_MISMATCH, OUT_OF_RESOURCES, SUCCESS
from shared.events import Event, InstanceReceived, Outgoing
from shared.events.envelope import encode
from shared.events.lanes import kept
from shared.kafka import Output
from shared.outcome import Reason, Transient
from shared.sites import Lane, Site
from shared.storage import Store
from shared.telemetry import Attribute

log = telemetry.logger("receiver")

PATIENCE = 10.0
"""Seconds that an object waits for its turn, and before that for another association that brings the same and for what
the broker knows of it, together: common senders give up after 30, and we refuse before that."""
AT_ONCE, AMONG_SITES = 16, 4
"""Objects that a process stores at the same time: of a site that is alone, and of all together while several send. More
wait, and sites take turns."""


class Publishes(Protocol):
    """What the receiver needs of the broker."""

    def publish(self, output: Output) -> None:
        """Return when the broker has the record; raise Transient otherwise."""
        ...


@dataclass(frozen=True)
class Arriving:
    """One instance that has landed, whatever way it came. UIDs are those that the sender told beside the data set."""

    site: Site
    association: str
    lane: Lane
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    landed: Landed

    @cached_property
    def named(self) -> Named | None:
        """The UIDs in the data set; None when it cannot be read. Looked for once, whoever asks."""
        return uids(self.landed.head(HEAD), self.landed.open, self.transfer_syntax_uid)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told, and why it is no plain success."""

    status: int
    reason: Reason | None = None


class Receive:
    """Stores and announces what arrives. Called by many associations at the same time.

    `room`: whether what has landed may be written to the store's disk, where it is one of ours, within a block.
    """

    def __init__(
        self,
        *,
        identified: Store,
        broker: Publishes,
        arrivals: Arrivals,
        pseudonyms: Pseudonyms,
        quotas: Quotas,
        repeats: Repeats,
        allowances: Allowances,
        room: Callable[[Landed], AbstractContextManager[bool]] = lambda landed: nullcontext(True),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._identified = identified
        self._broker = broker
        self._arrivals = arrivals
        self._pseudonyms = pseudonyms
        self._quotas = quotas
        self._repeats = repeats
        self._allowances = allowances
        self._beyond = metrics.counter("isocentre_receive_beyond_share_total")
        self._room = room
        self._clock = clock
        self._turns = Turns(AT_ONCE, AMONG_SITES)

    @property
    def waiting(self) -> int:
        """How many objects wait for their site's turn."""
        return self._turns.waiting

    @property
    def oldest(self) -> float:
        """Seconds that an object has been at the store, which has been there for longest: no call to a disk that stands
        still comes back."""
        return self._turns.oldest

    def __call__(self, arriving: Arriving, span: telemetry.Span) -> Answer:
        """The answer to the sender. Success is a promise: the site deletes its copy."""
        arrival = self._pseudonyms.arrival(arriving.site.code, arriving.landed.digest)
        span.set({Attribute.ARRIVAL: arrival})
        found = arriving.named
        if found and not _same(found, arriving):
            return Answer(CLASS_OR_UID_MISMATCH, Reason.UID_MISMATCH)
        refused = self._settle(arriving, self._event(arriving, arrival), span)
        if found or (refused and refused.status != SUCCESS):
            return refused or Answer(SUCCESS)
        return Answer(CANNOT_UNDERSTAND, refused.reason if refused else Reason.NOT_UNDERSTOOD)

    def _settle(self, arriving: Arriving, event: InstanceReceived, span: telemetry.Span) -> Answer | None:
        """Have it safe; what there is to say about it but a plain success."""
        until = time.monotonic() + PATIENCE
        try:
            # The same instance on another association waits here until the first one is safe, or has failed.
            with self._arrivals.alone(event.site, event.digest, PATIENCE):
                return self._repeated(event, arriving.landed, until) or self._first(arriving, event, span)
        except (Occupied, NoTurn) as slow:
            return _refused(Reason.STORE_AWAY, slow, event.site)

    def _first(self, arriving: Arriving, event: InstanceReceived, span: telemetry.Span) -> Answer | None:
        """The same for what has not been received before. Raises NoTurn."""
        site = event.site
        if not self._within_quota(arriving):
            return Answer(OUT_OF_RESOURCES, Reason.QUOTA_SPENT)
        with self._turns.of(f"{site} {arriving.lane}", PATIENCE), self._room(arriving.landed) as has_room:
            refused = self._keep(event, arriving, span) if has_room else _no_space(site)
        if refused:
            return refused
        if arriving.site.bytes_per_day is not None:
            self._quotas.add(site, arriving.landed.size)
        conflicts = self._arrivals.add(site, event.digest, arriving.sop_instance_uid)
        return Answer(SUCCESS, Reason.UID_CONFLICT) if conflicts else None

    def _repeated(self, event: InstanceReceived, landed: Landed, until: float) -> Answer | None:
        """The answer for what is safe already; None for what is not, or not any more."""
        try:
            return Answer(SUCCESS, Reason.ALREADY_DONE) if self._repeats.are_safe(event, landed, until) else None
        except StoreAway as away:
            return _refused(Reason.STORE_AWAY, away, event.site)
        except Transient as away:
            return _refused(Reason.BROKER_AWAY, away, event.site)

    def _within_quota(self, arriving: Arriving) -> bool:
        most = arriving.site.bytes_per_day
        return most is None or self._quotas.spent(arriving.site.code) + arriving.landed.size <= most

    def _keep(self, event: InstanceReceived, arriving: Arriving, span: telemetry.Span) -> Answer | None:
        """Store and publish; what to say when that was not possible."""
        try:
            self._identified.put(event.key, arriving.landed.content)
        except Transient as away:
            return _refused(Reason.STORE_AWAY, away, event.site)
        self._arrivals.doubt(event.site, event.digest, event.sop_instance_uid)
        try:
            self._broker.publish(output_of(event, event.received_at, span, self._lane_of(arriving)))
        except Transient as away:
            return _refused(Reason.BROKER_AWAY, away, event.site)
        return None

    def _lane_of(self, arriving: Arriving) -> Lane:
        """What is live, and near its turn; or a backlog, which must not stand before what others send."""
        if arriving.lane == "bulk" or self._allowances.has(arriving.site):
            return arriving.lane
        self._beyond.labels(arriving.site.code).inc()
        return "bulk"

    def _event(self, arriving: Arriving, arrival: str) -> InstanceReceived:
        digest = arriving.landed.digest
        study = (arriving.named and arriving.named.study_instance_uid) or arriving.sop_instance_uid
        return InstanceReceived(
            site=arriving.site.code,
            project=arriving.site.project,
            arrival=arrival,
            study_key=self._pseudonyms.partition_key(study),
            key=key_of(arriving.site.code, digest),
            digest=digest,
            association=arriving.association,
            size=arriving.landed.size,
            sop_class_uid=arriving.sop_class_uid,
            sop_instance_uid=arriving.sop_instance_uid,
            transfer_syntax_uid=arriving.transfer_syntax_uid,
            received_at=self._clock(),
        )


def output_of(event: Event, when: datetime, span: telemetry.Span, lane: Lane = "live") -> Output:
    """The record on that lane that tells of `event`, which happened `when`, within `span`."""
    outgoing = kept(Outgoing.of(event), lane)
    value, headers = encode(outgoing, "receiver", when, span.traceparent)
    return Output(outgoing.event.topic, outgoing.key, value, tuple(headers))


def _refused(reason: Reason, away: Transient, site: str) -> Answer:
    log.warning(reason.value, reason=str(away), site=site)
    return Answer(OUT_OF_RESOURCES, reason)


def _no_space(site: str) -> Answer:
    log.warning("no-space", site=site)
    return Answer(OUT_OF_RESOURCES, Reason.NO_SPACE)


def _same(found: Named, arriving: Arriving) -> bool:
    """Whether the data set is what it was announced as."""
    return (found.sop_class_uid, found.sop_instance_uid) == (arriving.sop_class_uid, arriving.sop_instance_uid)
