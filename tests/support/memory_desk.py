"""The right to decide, in memory: what all fakes of operators' topics have in common."""

from collections.abc import Iterable, Sequence

from infra.operating.desk import Overtaken
from shared.events import Event
from shared.outcome import Transient


class MemoryTopics:
    """`away` makes it fail as a broker that does not answer."""

    def __init__(self) -> None:
        self.away = False
        self.sitting = 0

    def say(self, *events: Event) -> None:
        """What others publish."""
        raise NotImplementedError

    def tell(self, events: Iterable[Event]) -> None:
        self.answer()
        self.say(*events)

    def sit_down(self) -> "MemoryDesk":
        self.answer()
        self.sitting += 1
        return MemoryDesk(self, self.sitting)

    def answer(self) -> None:
        """Raises Transient while the broker is away."""
        if self.away:
            raise Transient("away")


class MemoryDesk:
    """The right to decide, until somebody else sits down."""

    def __init__(self, topics: MemoryTopics, number: int) -> None:
        self._topics = topics
        self._number = number

    def publish(self, events: Sequence[Event]) -> None:
        self._topics.answer()
        if self._topics.sitting != self._number:
            raise Overtaken
        self._topics.say(*events)
