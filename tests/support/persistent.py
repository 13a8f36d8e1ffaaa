"""A site that does not give up: what was not answered with success is sent again. Black box."""

import threading
import time
from collections.abc import Sequence

from tests.support.dicom import SUCCESS, Refused, association, send
from tests.support.generated import Item

PAUSE = 0.3
"""Seconds before the next try."""


class PersistentSender(threading.Thread):
    """Sends `items` in order, as far as `allow` lets it."""

    def __init__(self, port: int, calling: str, items: Sequence[Item]) -> None:
        super().__init__(name=calling, daemon=True)
        self._port = port
        self._calling = calling
        self._items = list(items)
        self._allowed = 0
        self._changed = threading.Condition()
        self._stopped = False
        self.answered = 0
        """How many have been answered with success."""
        self.failures = 0
        """How many tries ended otherwise: no association, an abort, a failure status."""

    def allow(self, more: int) -> None:
        """Let it send so many more."""
        with self._changed:
            self._allowed = min(self._allowed + more, len(self._items))
            self._changed.notify_all()

    def allow_up_to(self, number: int) -> None:
        """Let it send until so many have gone."""
        self.allow(max(0, number - self._allowed))

    @property
    def waiting(self) -> bool:
        """Whether it has sent all that it may."""
        return self.answered >= self._allowed

    def stop(self) -> None:
        """Give up after all."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def run(self) -> None:
        while self._may_go_on():
            try:
                self._send_allowed()
            except (Refused, OSError, RuntimeError, ValueError, AssertionError):
                # pynetdicom says in many ways that the peer is gone.
                self.failures += 1
                time.sleep(PAUSE)

    def _may_go_on(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self.waiting or self.answered == len(self._items))
            return not self._stopped and self.answered < len(self._items)

    def _send_allowed(self) -> None:
        with association(self._port, self._items, self._calling, timeout=20.0) as opened:
            while not self.waiting:
                if not opened.is_established:
                    raise OSError("the association is gone")
                if send(opened, self._items[self.answered]) != SUCCESS:
                    raise OSError("not taken")
                self.answered += 1
