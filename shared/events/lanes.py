"""The lanes that traffic is kept apart in, and which topics belong to them: the same facts, with the same ids."""

from dataclasses import replace
from typing import Literal

from shared.events.clean import (
    InstanceAnonymised,
    InstanceAnonymisedInBulk,
    InstanceValidated,
    InstanceValidatedInBulk,
)
from shared.events.event import Event, Outgoing
from shared.events.identified import InstanceReceived, InstanceReceivedInBulk

Lane = Literal["live", "bulk", "rerun"]
"""What is sent now; what was sent in bulk, or beyond its site's share; what goes through once more."""

IN_BULK: dict[type[Event], type[Event]] = {
    InstanceReceived: InstanceReceivedInBulk,
    InstanceAnonymised: InstanceAnonymisedInBulk,
    InstanceValidated: InstanceValidatedInBulk,
}
"""How a fact is told on the lane for bulk. Others have one topic: nobody waits behind them for long."""


def kept(outgoing: Outgoing, lane: Lane) -> Outgoing:
    """`outgoing`, which was made from a record of that lane, on the topic where it is in nobody's way."""
    model = None if lane == "live" else IN_BULK.get(type(outgoing.event))
    if model is None:
        return outgoing
    event = model.model_construct(**dict(outgoing.event))
    return replace(outgoing, event=event, key=event.partition_key())
