"""Waits until the books have all that the topics hold."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from services.bookkeeper.reconciling.reading import Reader
from shared.kafka import end_offsets
from shared.outcome import Transient

LOOK = 0.1
"""Seconds between two looks at the books."""
Ends = Mapping[tuple[str, int], int]
"""Offset behind the last record, by topic and partition."""


class Behind(Transient):
    """The books have not caught up in time; the text says by how much they are behind."""


class CatchingUp:
    """`wait`: seconds for it, each time. `waited`: those that it took so far."""

    def __init__(self, ledger: Reader, ends: Callable[[], Ends], wait: float, stop: threading.Event) -> None:
        self._ledger, self._ends, self._wait, self._stop = ledger, ends, wait, stop
        self.waited = 0.0

    def __call__(self) -> None:
        """Return when the books have all that the topics hold now. Raises Behind, and Transient for the broker."""
        began, ends = time.monotonic(), self._ends()
        while behind := records_behind(ends, self._positions()):
            if time.monotonic() - began > self._wait:
                raise Behind(f"the books are {behind} records behind the topics, after {self._wait:.0f} s")
            if self._stop.wait(LOOK):
                raise Transient("ending")
        self.waited += time.monotonic() - began

    def _positions(self) -> dict[tuple[str, int], int]:
        found = self._ledger.rows('SELECT topic, partition, "next" FROM position')
        return {(topic, partition): offset for topic, partition, offset in found}


def records_behind(ends: Ends, positions: Mapping[tuple[str, int], int]) -> int:
    """How many offsets there are up to `ends` that have not been read."""
    return sum(max(0, end - positions.get(where, 0)) for where, end in ends.items())


def ends_of(bootstrap: str, topics: Sequence[str]) -> Ends:
    """As they are now. Raises Transient, also when a topic is not listed: a broker that has just started may not."""
    ends = end_offsets(bootstrap, topics)
    if {topic for topic, _ in ends} != set(topics):
        raise Transient("a topic is not listed")
    return ends
