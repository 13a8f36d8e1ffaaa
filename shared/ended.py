"""Which arrivals somebody has ended for good: their bytes are deleted on purpose, and are no loss."""

from collections.abc import Callable, Iterable, Iterator

from shared.events import FOR_GOOD, Event, InstanceDecided
from shared.events.envelope import decode
from shared.kafka import read_to_end


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
                if isinstance(event, InstanceDecided) and event.decision in FOR_GOOD
            )
        return arrival in self._arrivals


def decisions(bootstrap: str) -> Iterator[Event]:
    """All decisions about what was held, by now. Raises Transient, UndecodableEvent."""
    for record in read_to_end(bootstrap, [InstanceDecided.topic]):
        yield decode(record.topic, record.value, record.headers)
