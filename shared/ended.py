"""Which arrivals somebody has ended for good, or erased: their bytes are deleted on purpose, and are no loss."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from shared.events import ERASED, FOR_GOOD, Event, InstanceDecided, InstanceErased, InstanceRetracted
from shared.events.envelope import UndecodableEvent, decode
from shared.kafka import read_to_end
from shared.outcome import Transient


class Ended:
    """Asked only where bytes are missing, so decisions are read when they are needed and not before.

    Several threads may ask: at worst they read the same twice.
    """

    def __init__(self, read: Callable[[], Iterable[Event]]) -> None:
        """`read` gives all decisions that there are by now."""
        self._read = read
        self._arrivals: set[str] = set()

    def __call__(self, arrival: str) -> bool:
        """Whether `arrival` is one of them. Raises what `read` raises."""
        if arrival not in self._arrivals:
            self._arrivals.update(
                event.arrival
                for event in self._read()
                if isinstance(event, InstanceErased)
                or (isinstance(event, InstanceDecided) and event.decision in FOR_GOOD)
                or (isinstance(event, InstanceRetracted) and event.reason == ERASED)
            )
        return arrival in self._arrivals


class Erased:
    """Which arrivals somebody has erased: asked of each record, so what is known may be `seconds` old.

    Thread-safe. What is missed within that time still meets the index, which lets nothing of them in.
    """

    def __init__(self, read: Callable[[], Iterable[Event]], seconds: float = 10.0) -> None:
        """`read` gives all erasures that there are by now."""
        self._read, self._seconds = read, seconds
        self._arrivals: frozenset[str] = frozenset()
        self._until = float("-inf")
        self._one = threading.Lock()

    def __call__(self, arrival: str) -> bool:
        """Whether `arrival` is one of them. Raises Transient, also while an erasure cannot be read: it may be that of
        `arrival`."""
        with self._one:
            if time.monotonic() >= self._until:
                self._arrivals = frozenset(self._all())
                self._until = time.monotonic() + self._seconds
        return arrival in self._arrivals

    def _all(self) -> Iterator[str]:
        try:
            for event in self._read():
                if isinstance(event, InstanceErased):
                    yield event.arrival
        except UndecodableEvent:
            raise Transient("an erasure cannot be read") from None


def decisions(bootstrap: str) -> Iterator[Event]:
    """All by which something ended for good, by now, and other decisions. Raises Transient, UndecodableEvent."""
    yield from _events(bootstrap, [InstanceDecided.topic, InstanceErased.topic])


def erasures(bootstrap: str) -> Iterator[Event]:
    """All erasures by now. Raises Transient, UndecodableEvent."""
    yield from _events(bootstrap, [InstanceErased.topic])


def retractions(bootstrap: str) -> Iterator[Event]:
    """All that the clean side knows of what ended, by now. Raises Transient, UndecodableEvent."""
    yield from _events(bootstrap, [InstanceRetracted.topic])


def _events(bootstrap: str, topics: Sequence[str]) -> Iterator[Event]:
    for record in read_to_end(bootstrap, topics):
        yield decode(record.topic, record.value, record.headers)
