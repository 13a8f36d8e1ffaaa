"""Waits until the books have all that the topics hold."""

import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.database.reading import Reader
from shared.kafka import without_records, written_up_to
from shared.outcome import Transient

LOOK = 0.1
"""Seconds between two looks at the books."""
Where = tuple[str, int]
"""Topic and partition."""


class Topics(Protocol):
    """Those that the books are made of. Both raise Transient."""

    def ends(self) -> Mapping[Where, int]:
        """The offset behind what has been written to each partition by now."""
        ...

    def silent(self, gaps: Mapping[Where, tuple[int, int]]) -> Collection[Where]:
        """Those of `gaps` in which is no record, and none will be."""
        ...


@dataclass(frozen=True, slots=True)
class KafkaTopics:
    """At these brokers."""

    bootstrap: str
    names: Collection[str]

    def ends(self) -> Mapping[Where, int]:
        return written_up_to(self.bootstrap, self.names)

    def silent(self, gaps: Mapping[Where, tuple[int, int]]) -> Collection[Where]:
        return without_records(self.bootstrap, gaps)


class Behind(Transient):
    """The books have not caught up in time; the text says by how much they are behind."""


class CatchingUp:
    """`wait`: seconds for it, each time. `waited`: those that it took so far."""

    def __init__(self, ledger: Reader, topics: Topics, wait: float, stop: threading.Event) -> None:
        self._ledger, self._topics, self._wait, self._stop = ledger, topics, wait, stop
        self._silent: dict[Where, tuple[int, int]] = {}
        self.waited = 0.0

    def __call__(self) -> None:
        """Return when the books have all that the topics hold now. Raises Behind, and Transient for the broker."""
        began, ends = time.monotonic(), self._topics.ends()
        while behind := self._behind(ends):
            if time.monotonic() - began > self._wait:
                records = sum(end - start for start, end in behind.values())
                raise Behind(f"the books are {records} records behind the topics, after {self._wait:.0f} s")
            if self._stop.wait(LOOK):
                raise Transient("ending")
        self.waited += time.monotonic() - began

    def _behind(self, ends: Mapping[Where, int]) -> dict[Where, tuple[int, int]]:
        """Where records are that the books do not have. The last offsets of a partition may be no records, but markers
        of transactions, which nobody reads."""
        positions = self._positions()
        gaps = {where: (positions.get(where, 0), end) for where, end in ends.items() if positions.get(where, 0) < end}
        unknown = {where: gap for where, gap in gaps.items() if not self._is_silent(where, gap)}
        if unknown:
            self._silent.update({where: unknown[where] for where in self._topics.silent(unknown)})
        return {where: gap for where, gap in unknown.items() if not self._is_silent(where, gap)}

    def _is_silent(self, where: Where, gap: tuple[int, int]) -> bool:
        start, end = self._silent.get(where, (0, 0))
        return start <= gap[0] and gap[1] <= end

    def _positions(self) -> dict[Where, int]:
        found = self._ledger.rows('SELECT topic, partition, "next" FROM position')
        return {(topic, partition): offset for topic, partition, offset in found}
