"""What is sent again: whether the first one is safe, so that its sender may hear a success for nothing done."""

import time
from collections.abc import Callable

from services.receiver.arrivals import Arrivals, Standing
from services.receiver.together import Together
from services.receiver.upper.landing import Landed
from shared import telemetry
from shared.dicom import part10
from shared.events import InstanceReceived
from shared.outcome import Transient
from shared.storage import ObjectNotFound, Store

log = telemetry.logger("receiver")

_FRONT = part10.LONGEST_FRONT + 8
"""Bytes of an object in which its front ends, whoever wrote it, and a first tag shows that it does."""


class StoreAway(Transient):
    """Where broker or store may be away, it is the store."""


class Repeats:
    """`recall` brings `arrivals` up to the topic. `ended`: whether an arrival's bytes are missing because somebody has
    ended it for good. Both raise Transient when the broker does not answer, are called on threads of their own, and may
    take longer than an object waits; the first one is asked once at a time."""

    def __init__(
        self, identified: Store, arrivals: Arrivals, recall: Callable[[], object], ended: Callable[[str], bool]
    ) -> None:
        self._identified, self._arrivals = identified, arrivals
        self._recall, self._ended = Together(recall), ended

    def are_safe(self, event: InstanceReceived, landed: Landed, until: float) -> bool:
        """Whether the arrival was published before and has not been lost since. It waits for the broker `until` that
        time of the monotonic clock. Raises StoreAway, and Transient for the broker."""
        standing = self._standing(event.site, event.digest, until)
        if standing not in (Standing.PUBLISHED, Standing.DAMAGED):
            return False
        whole = standing is Standing.PUBLISHED and self._stored(event, landed)
        if whole or self._ended_for_good(event, until):
            return True
        log.warning("lost-object", site=event.site, arrival=event.arrival)
        return False

    def _standing(self, site: str, digest: str, until: float) -> Standing | None:
        """As far as the topic knows. Raises Transient when only the broker could tell, and it does not."""
        found = self._arrivals.standing(site, digest)
        if found not in (Standing.DOUBTED, Standing.DOUBTED_AGAIN):
            return found
        self._recall(until - time.monotonic())
        return self._arrivals.standing(site, digest)

    def _stored(self, event: InstanceReceived, landed: Landed) -> bool:
        """Whether there is an object that is long enough: its own front, which may be another one, and as long a data
        set. Of a small object one read, of others a second one of their last byte."""
        try:
            head = self._identified.part(event.key, 0, _FRONT)
            front = _front(head, event)
            if front is None:
                return False
            size = front + landed.size - landed.front
            return size <= len(head) or self._identified.part(event.key, size - 1, 1) != b""
        except ObjectNotFound:
            return False
        except Transient as away:
            raise StoreAway(str(away)) from None

    def _ended_for_good(self, event: InstanceReceived, until: float) -> bool:
        # The view gets behind the event of then, so that it takes nothing but the next one for an end of our doubt.
        self._recall(until - time.monotonic())
        return bool(Together(lambda: self._ended(event.arrival))(until - time.monotonic()))


def _front(head: bytes, event: InstanceReceived) -> int | None:
    """Bytes before the data set of the stored object that begins with `head`; None where that is cut in them."""
    ours = part10.front(event.transfer_syntax_uid, event.sop_class_uid, event.sop_instance_uid)
    if head.startswith(ours):
        return len(ours)
    meta = part10.meta(head)
    return meta.front if meta else None
