"""What waits behind a brake: a lane that is joined when somebody asks for it, and left at its end."""

from collections.abc import Callable, Mapping

from shared.kafka.lane import Lane
from shared.kafka.log import Record, Where


class ParkedLane:
    """Costs nothing while nobody asks. What is parked meanwhile lies behind the end, and is not read."""

    def __init__(self, make: Callable[[], Lane], ends: Callable[[], Mapping[Where, int]]) -> None:
        """`ends`: where its partitions end now; raises `Transient`."""
        self._make = make
        self._find_ends = ends
        self._ends: Mapping[Where, int] = {}
        self._most = 0
        self.lane: Lane | None = None
        """While it is read."""

    def ask(self, most: int) -> None:
        """As `Log.unpark`. Not while records of it are being handled."""
        ends = self._find_ends() if most else {}
        self.leave()
        self._ends, self._most = ends, most
        if any(ends.values()):
            self.lane = self._make()
            self.lane.open()

    def poll(self, limit: int) -> list[Record]:
        """What is there of it, without waiting."""
        if self.lane is None:
            return []
        if self.lane.reached(self._ends):
            self.leave()
            return []
        taken = self.lane.poll(min(limit, self._most), 0.0)
        return [record for record in taken if record.offset < self._ends.get(record.where, 0)]

    def leave(self) -> None:
        """Read no more of it."""
        if self.lane is not None:
            self.lane.close()
            self.lane = None
