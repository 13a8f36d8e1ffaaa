"""Sends instances by C-STORE exactly as they lie in their files (PS3.4 Annex B, PS3.7 Section 9.1.1).

pynetdicom's own `send_c_store` either writes the data set anew or, in its chunked form, needs a sound file
meta and queues the whole file in memory. So the message is made here, from pynetdicom's own parts: the bytes
from `offset` to the end go out untouched, in pieces, no faster than the peer takes them.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import PresentationContext

from infra.demo.examination import Instance
from infra.demo.plan import CALLED, MOST_CONTEXTS, Batch, Context, Lane, next_batch

MOST_QUEUED = 32
"""PDUs waiting to be written; with 128 KiB each this is what a huge file costs in memory."""

ATTEMPTS, PAUSE = 8, 1.0
"""How often an association is asked for before its files are given up, and seconds between."""

MAX_UID = 64


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


class Broken(Exception):
    """The association ended while a file was on its way; the text is a reason code."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Where to send to, and how long to wait for an answer, in seconds."""

    host: str
    port: int
    timeout: float = 60.0


def send_lane(peer: Peer, lane: Lane, observe: Callable[[Result], None], stop: Event) -> None:
    """Send the lane's instances over as many associations as it takes; `observe` is told of each one."""
    pending = list(lane.instances)
    most, failures = MOST_CONTEXTS, 0
    while pending and not stop.is_set():
        batch = next_batch(pending, most)
        association = _associate(peer, lane.calling, batch)
        if association.is_established:
            failures = 0
            done = _send_batch(association, lane.calling, batch.instances, observe, stop)
            pending = pending[done:]
            continue
        failures += 1
        if failures >= ATTEMPTS and len(batch.contexts) == 1:
            for instance in batch.instances:
                observe(NotSent(instance, lane.calling, "no-association"))
            pending, failures = pending[len(batch.instances) :], ATTEMPTS - 1
        elif failures >= ATTEMPTS:
            # One context that the peer cannot bear must not cost the files of the others.
            most, failures = 1, ATTEMPTS - 1
        else:
            stop.wait(PAUSE)


def _associate(peer: Peer, calling: str, batch: Batch) -> Association:
    entity = AE(calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = peer.timeout
    entity.connection_timeout = 5.0
    return entity.associate(
        peer.host,
        peer.port,
        contexts=[build_context(*context) for context in batch.contexts if _fits(context)] or [_verification()],
        ae_title=CALLED,
        max_pdu=131072,
        evt_handlers=[(evt.EVT_CONN_OPEN, _no_delay)],
    )


def _fits(context: Context) -> bool:
    return all(0 < len(uid) <= MAX_UID for uid in context)


def _verification() -> PresentationContext:
    return build_context("1.2.840.10008.1.1")


def _no_delay(event: evt.Event) -> None:
    """Without it, every instance waits 40 ms for an acknowledgement."""
    transport = event.assoc.dul.socket
    if transport is not None and transport.socket is not None:
        transport.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _send_batch(
    association: Association,
    calling: str,
    instances: Sequence[Instance],
    observe: Callable[[Result], None],
    stop: Event,
) -> int:
    """How many of `instances` are dealt with; fewer than all when the association broke on the last of them."""
    accepted = {(cx.abstract_syntax, cx.transfer_syntax[0]): cx.context_id for cx in association.accepted_contexts}
    for number, instance in enumerate(instances):
        if stop.is_set():
            _end(association)
            return number
        try:
            observe(_send(association, accepted, calling, number % 65535 + 1, instance))
        except Broken as broken:
            _end(association)
            observe(NotSent(instance, calling, str(broken)))
            return number + 1
    association.release()
    return len(instances)


def _send(
    association: Association, accepted: dict[Any, int | None], calling: str, message_id: int, instance: Instance
) -> Result:
    context = accepted.get((instance.sop_class_uid, instance.transfer_syntax_uid))
    if not _fits((instance.sop_class_uid, instance.sop_instance_uid)):
        return NotSent(instance, calling, "malformed-uid")
    if context is None:
        return NotSent(instance, calling, "no-accepted-context")
    request = C_STORE()
    request.MessageID = message_id
    request.Priority = 2
    request.AffectedSOPClassUID = instance.sop_class_uid
    request.AffectedSOPInstanceUID = instance.sop_instance_uid
    request._dataset_path = (instance.found.path, instance.offset)
    status = _exchange(association, request, context)
    # Warnings (0xBxxx) are successes too: the peer has stored it (PS3.4 B.2.3).
    if status == 0x0000 or status & 0xF000 == 0xB000:
        return Accepted(instance, calling)
    return Refused(instance, calling, status)


def _exchange(association: Association, request: C_STORE, context_id: int) -> int:
    """Send one request and wait for its status. Raises Broken when there is none."""
    association._reactor_checkpoint.clear()  # as pynetdicom does itself: else its reactor takes our answer
    try:
        while not association._is_paused and association.is_alive():
            time.sleep(0.0001)
        _write(association, request, context_id)
        _, response = association.dimse.get_msg(block=True)
    finally:
        association._reactor_checkpoint.set()
    if response is None:
        association._handle_no_response()
        raise Broken("association-broken" if association.acse.is_aborted() else "no-answer")
    status = association._check_received_status(response)
    if "Status" not in status:
        raise Broken("invalid-answer")
    return int(status.Status)


def _write(association: Association, request: C_STORE, context_id: int) -> None:
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    waiting = association.dul.to_provider_queue
    for data in message.encode_msg(context_id, association.dimse.maximum_pdu_size):
        while waiting.qsize() >= MOST_QUEUED:
            if association.acse.is_aborted() or not association.dul.is_alive():
                raise Broken("association-broken")
            time.sleep(0.001)
        association.dul.send_pdu(data)


def _end(association: Association) -> None:
    if association.is_established and not association.acse.is_aborted():
        association.abort()
