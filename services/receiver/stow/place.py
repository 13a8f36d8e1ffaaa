"""A connection's place at the desk. It is kept for the request that follows at once: the desk is in another process,
and to give a place back and ask for it again costs as much as a tenth of an instance."""

import secrets
import time

from services.receiver.crew.desk import Admits
from shared.sites import Site

KEPT = 0.05
"""Seconds that a place is kept without a request."""
_PATIENCE, _PAUSE = 2 * KEPT, KEPT / 4
"""Seconds that a request waits for a place that others only keep, and between two looks."""


class Place:
    """Of one connection, whose requests come one after the other."""

    def __init__(self, desk: Admits) -> None:
        self._desk, self._name = desk, secrets.token_hex(8)
        self._site: str | None = None

    def take(self, site: Site) -> bool:
        """Whether a request of that site may be under way."""
        if self._site == site.code:
            return True
        self.leave()
        latest = time.monotonic() + _PATIENCE
        while not self._desk.admit(self._name, site.code, site.associations):
            if time.monotonic() > latest:
                return False
            time.sleep(_PAUSE)
        self._site = site.code
        return True

    def leave(self) -> None:
        """Give it back, where there is one."""
        if self._site is not None:
            self._site = None
            self._desk.leave(self._name)
