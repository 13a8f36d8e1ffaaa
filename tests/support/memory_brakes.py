"""The topics of one zone's brakes in memory. It passes tests/contract/test_brakes.py like the real ones."""

from collections.abc import Sequence

from infra.brake.brakes import Brakes, Zone
from infra.operating.desk import Overtaken
from shared.events import Event
from shared.outcome import Transient


class MemoryBrakes:
    """`away` makes it fail as a broker that does not answer."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.events: list[Event] = []
        self.visible = True
        self.away = False
        self.sitting = 0

    def there(self) -> bool:
        self.answer()
        return self.visible

    def read(self) -> Brakes:
        self.answer()
        brakes = Brakes(self.zone)
        for event in self.events:
            brakes.take(event)
        return brakes

    def sit_down(self) -> "MemoryDesk":
        self.answer()
        self.sitting += 1
        return MemoryDesk(self, self.sitting)

    def answer(self) -> None:
        """Raises Transient while the broker is away."""
        if self.away:
            raise Transient("away")


class MemoryDesk:
    """The right to release, until somebody else sits down."""

    def __init__(self, topics: MemoryBrakes, number: int) -> None:
        self._topics = topics
        self._number = number

    def publish(self, events: Sequence[Event]) -> None:
        self._topics.answer()
        if self._topics.sitting != self._number:
            raise Overtaken
        self._topics.events += events
