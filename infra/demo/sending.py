"""Sends a hand's instances by C-STORE exactly as they lie in their files, and tells what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event

from infra.demo.examination import Instance
from infra.demo.plan import CALLED, Hand, context_of, next_batch
from infra.sending import association, way
from infra.sending.association import Storing
from shared.dicom.statuses import says_stored

ATTEMPTS, PAUSE = 8, 1.0
"""How often an association is asked for before a file is given up, and seconds between."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The peer answered success, or a warning: it has the bytes."""

    instance: Instance
    calling: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The peer answered with a failure status (PS3.7 Annex C)."""

    instance: Instance
    calling: str
    status: int


@dataclass(frozen=True, slots=True)
class NotSent:
    """There was no answer: no context, no association, or it broke."""

    instance: Instance
    calling: str
    reason: str


Result = Accepted | Refused | NotSent


@dataclass(frozen=True, slots=True)
class Peer:
    """Where to send to, and how long to wait for an answer, in seconds."""

    host: str
    port: int
    timeout: float = 60.0


def send_hand(peer: Peer, hand: Hand, observe: Callable[[Result], None], stop: Event) -> None:
    """Send the hand's instances over as many associations as it takes; `observe` is told of each one."""
    to = Storing(association.Peer(peer.host, peer.port, CALLED, hand.calling, seconds=peer.timeout))
    for batch in _batches(hand):
        if _prepared(to, batch, stop):
            for instance in batch:
                if stop.is_set():
                    break
                observe(_send(to, hand.calling, instance))
        elif not stop.is_set():
            for instance in batch:
                observe(NotSent(instance, hand.calling, "no-association"))
    to.close()


def _batches(hand: Hand) -> Iterator[list[Instance]]:
    pending = list(hand.instances)
    while pending:
        batch = next_batch(pending).instances
        yield batch
        pending = pending[len(batch) :]


def _prepared(to: Storing, batch: list[Instance], stop: Event) -> bool:
    """Whether there is an association for them, sooner or later."""
    for attempt in range(ATTEMPTS):
        if stop.is_set() or (attempt and stop.wait(PAUSE)):
            return False
        try:
            to.prepare([context_of(instance) for instance in batch])
        except (way.Away, way.NotLetIn):
            continue
        return True
    return False


def _send(to: Storing, calling: str, instance: Instance) -> Result:
    wanted = way.Instance(
        instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid, instance.offset
    )
    try:
        with instance.found.path.open("rb") as file:
            file.seek(instance.offset)
            status = to.store(wanted, file)
    except (way.Away, way.Broken, way.NotTaken, way.NotLetIn) as failed:
        return NotSent(instance, calling, "not-let-in" if isinstance(failed, way.NotLetIn) else str(failed))
    except OSError:
        return NotSent(instance, calling, "unreadable")
    if says_stored(status):
        return Accepted(instance, calling)
    return Refused(instance, calling, status)
