"""One instance to the receiver: what its answer means, when to try again, and when to leave it for another day."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from infra.sending.way import Away, Broken, Context, Instance, NotTaken, Way
from shared.dicom import statuses

_NAMES = {
    statuses.CLASS_NOT_SUPPORTED: "sop-class-not-supported",
    statuses.NOT_AUTHORISED: "not-authorised",
    statuses.PROCESSING_FAILURE: "processing-failure",
    statuses.INVALID_INSTANCE_UID: "invalid-instance-uid",
}
TRIES = 8
"""Of one instance that finds the receiver busy; the waits before them add up to two minutes."""
BREAKS = 3
"""Tries of an instance on which the connection breaks: it may be that instance that breaks it."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds."""


class Ending(StrEnum):
    """How it ended for one instance. What has `failed` is for the next run, what was `refused` is for a person."""

    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An ending and why; no reason for what was sent."""

    ending: Ending
    reason: str = ""


class Patience:
    """Shared by all who send to one receiver: after `limit` seconds without a success nobody waits any more."""

    def __init__(
        self,
        limit: float,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """`stop`: set, nobody waits at all."""
        self.stop = stop or threading.Event()
        self._limit = limit
        self._clock = clock
        self._pause = pause or self.stop.wait
        self._since: float | None = None

    def answered(self) -> None:
        """The receiver does its work."""
        self._since = None

    def wait(self, attempt: int) -> bool:
        """Pause before the next try, longer each time and not all at once; False when there is no point any more."""
        now = self._clock()
        if self._since is None:
            self._since = now
        if self.stop.is_set() or now - self._since >= self._limit:
            return False
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**attempt)
        self._pause(random.uniform(longest / 2, longest))  # noqa: S311 - so that not all come at once
        return not self.stop.is_set()


def prepare(way: Way, contexts: Collection[Context], patience: Patience) -> str | None:
    """Get ready, as often as it takes; why not, when patience is at its end. Raises NotLetIn."""
    attempt = 0
    while True:
        try:
            way.prepare(contexts)
        except Away as away:
            if not patience.wait(attempt):
                return str(away)
            attempt += 1
        else:
            return None


def deliver(way: Way, instance: Instance, opened: Callable[[], BinaryIO], patience: Patience) -> Delivery:
    """Send one instance, as often as it takes. `opened`: its file from the beginning. Raises NotLetIn and OSError."""
    attempt = breaks = 0
    while True:
        try:
            delivery = _told(_store(way, instance, opened))
        except NotTaken as not_taken:
            delivery = Delivery(Ending.REFUSED, str(not_taken))
        except Away as away:
            delivery = Delivery(Ending.FAILED, str(away))
        except Broken as broken:
            breaks += 1
            delivery = Delivery(Ending.FAILED, str(broken))
        if delivery.ending is not Ending.FAILED:
            patience.answered()
            return delivery
        attempt += 1
        if attempt >= TRIES or breaks >= BREAKS or not patience.wait(attempt - 1):
            return delivery


def _store(way: Way, instance: Instance, opened: Callable[[], BinaryIO]) -> int:
    with opened() as file:
        file.seek(instance.offset)
        return way.store(instance, file)


def _told(status: int) -> Delivery:
    if statuses.says_stored(status):
        return Delivery(Ending.SENT)
    if status & 0xFF00 == statuses.OUT_OF_RESOURCES:
        return Delivery(Ending.FAILED, "out-of-resources")
    if status & 0xFF00 == statuses.CLASS_OR_UID_MISMATCH:
        return Delivery(Ending.REFUSED, "data-set-does-not-match")
    if status & 0xF000 == statuses.CANNOT_UNDERSTAND:
        return Delivery(Ending.REFUSED, "cannot-understand")
    return Delivery(Ending.REFUSED, _NAMES.get(status, f"status-{status:04x}"))
