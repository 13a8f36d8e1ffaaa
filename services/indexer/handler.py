"""A batch of events into the database, in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from services.indexer import batch as merged
from services.indexer import rows, tables
from services.indexer.database import Database, Transaction
from services.indexer.rows import Candidate, Journey, Picture
from services.indexer.uniqueness import Owner, refusal
from shared.database.text import short
from shared.events import (
    ERASED,
    InstanceIndexed,
    InstanceRejected,
    InstanceRetracted,
    InstanceThumbnailed,
    InstanceValidated,
    Outgoing,
)
from shared.kafka.log import Where
from shared.outcome import Done, Outcome, Reason, Reject, Skip, events_of
from shared.runner import Incoming
from shared.storage import ObjectNotFound, Store
from shared.storage.headers import header_of

STAGE = "indexer"

Candidates = Mapping[int, Candidate]
"""By place in the batch."""


class Indexer:
    """Handles whole batches. Raises `Transient` when the database or the store is away, and `Fenced` when another
    worker has a partition of the batch by now; then nothing was written."""

    def __init__(self, *, database: Database, clean: Store) -> None:
        self._database = database
        self._clean = clean

    def __call__(self, batch: Sequence[Incoming]) -> Sequence[Outcome]:
        candidates, missing = self._candidates(batch)
        with self._database.transaction() as transaction:
            transaction.hold(_epochs(batch))
            _erase(transaction, [record.event for record in batch if isinstance(record.event, InstanceRetracted)])
            erased = transaction.erased({_arrival(record) for record in batch})
            live = {
                place: record
                for place, record in enumerate(batch)
                if not isinstance(record.event, InstanceRetracted) and _arrival(record) not in erased
            }
            if not missing.isdisjoint(live):
                raise ObjectNotFound
            candidates = {place: item for place, item in candidates.items() if place in live}
            owners = _claim(transaction, candidates)
            outcomes = {place: _outcome(record, candidates.get(place), owners) for place, record in live.items()}
            _let_in(transaction, [item for place, item in candidates.items() if isinstance(outcomes[place], Done)])
            transaction.merge(tables.PICTURE, merged.pictures(_pictures(live.values())))
            steps = _journeys(live.values(), outcomes.values(), transaction.now)
            transaction.merge(tables.JOURNEY, merged.journeys(steps))
        return [outcomes.get(place) or _left_out(record) for place, record in enumerate(batch)]

    def _candidates(self, batch: Sequence[Incoming]) -> tuple[Candidates, frozenset[int]]:
        """Those that might be let in, and the places of others whose header is not there: perhaps they were erased."""
        found, missing = {}, set()
        for place, record in enumerate(batch):
            if isinstance(record.event, InstanceValidated) and rows.is_addressable(record.event):
                try:
                    found[place] = rows.candidate(record.event, header_of(record.event, self._clean))
                except ObjectNotFound:
                    missing.add(place)
        return found, frozenset(missing)


def _epochs(batch: Sequence[Incoming]) -> dict[Where, int]:
    """Under which of our claims the batch was taken; the oldest has to hold."""
    epochs: dict[Where, int] = {}
    for record in batch:
        if record.epoch is not None:
            where = (record.topic, record.partition)
            epochs[where] = min(epochs.get(where, record.epoch), record.epoch)
    return epochs


def _arrival(record: Incoming) -> str:
    assert isinstance(record.event, rows.InstanceEvent | InstanceRetracted)
    return short(record.event.arrival)


def _erase(transaction: Transaction, retracted: Iterable[InstanceRetracted]) -> None:
    erased = [event for event in retracted if event.reason == ERASED]
    if erased:
        digests = {event.digest for event in erased if event.digest is not None}
        transaction.erase({short(event.arrival) for event in erased}, digests)


def _left_out(record: Incoming) -> Outcome:
    """Of what is not let in, because of an erasure: that one is done, and all else of its arrival passed over."""
    return Done() if isinstance(record.event, InstanceRetracted) else Skip(Reason.ERASED)


def _claim(transaction: Transaction, candidates: Candidates) -> Mapping[str, Owner]:
    """Put the instances in, then ask who owns their UIDs: the database decided it, among all workers."""
    claims = merged.claims(candidates.values())
    transaction.merge(tables.INSTANCE, claims)
    return transaction.owners([claim.sop_instance_uid for claim in claims])


def _let_in(transaction: Transaction, owners: Sequence[Candidate]) -> None:
    """Add the parents of instances that own their UID; those of the others would be empty."""
    transaction.merge(tables.PATIENT, merged.patients(owners))
    transaction.merge(tables.STUDY, merged.studies(owners))
    transaction.merge(tables.SERIES, merged.series(owners))


def _outcome(record: Incoming, candidate: Candidate | None, owners: Mapping[str, Owner]) -> Outcome:
    event = record.event
    if not isinstance(event, InstanceValidated):
        return Done()
    if candidate is None:
        return _rejected(event, Reason.MALFORMED_UID)
    instance = candidate.instance
    reason = refusal(instance, owners[instance.sop_instance_uid])
    if reason is not None:
        return _rejected(event, reason)
    return Done((Outgoing.of(InstanceIndexed(**event.reference(), modality=candidate.series.modality)),))


def _rejected(event: InstanceValidated, reason: Reason) -> Reject:
    rejected = InstanceRejected(**event.reference(), stage=STAGE, reason=reason.value)
    return Reject(reason, (Outgoing.of(rejected),))


def _pictures(batch: Iterable[Incoming]) -> Iterator[Picture]:
    for record in batch:
        if isinstance(record.event, InstanceThumbnailed):
            yield rows.picture(record.event, record.timestamp)


def _journeys(batch: Iterable[Incoming], outcomes: Iterable[Outcome], now: datetime) -> Iterator[Journey]:
    """The steps that the events tell of, and our own."""
    for record, outcome in zip(batch, outcomes, strict=True):
        yield rows.journey(record.event, record.timestamp, record.trace_id)
        for outgoing in events_of(outcome):
            yield rows.journey(outgoing.event, now, record.trace_id)
