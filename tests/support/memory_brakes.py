"""The topics of one zone's brakes in memory. It passes tests/contract/test_brakes.py like the real ones."""

from infra.brake.brakes import Brakes, Zone
from shared.events import Event
from tests.support.memory_desk import MemoryTopics


class MemoryBrakes(MemoryTopics):
    """`away` makes it fail as a broker that does not answer."""

    def __init__(self, zone: Zone) -> None:
        super().__init__()
        self.zone = zone
        self.events: list[Event] = []
        self.visible = True

    def say(self, *events: Event) -> None:
        """What others publish."""
        self.events += events

    def there(self) -> bool:
        self.answer()
        return self.visible

    def read(self) -> Brakes:
        self.answer()
        brakes = Brakes(self.zone)
        for event in self.events:
            brakes.take(event)
        return brakes
