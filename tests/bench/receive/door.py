"""What can be measured as a receiver: a port, its processes, and how many instances it says it has."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.instances import Instance
from tests.bench.side import Incomplete


@dataclass(slots=True)
class Door:
    """A receiver that is up: a `Side` whose whole job is done when the sender has been answered."""

    name: str
    port: int
    called: str
    calling: str
    pids: Mapping[str, int]
    """By name; the receiver's own is `receiver`."""
    held: Callable[[], int]
    """How many instances lie in its store, by other means than its answers."""
    stow: str | None = None
    """URL that STOW-RS requests go to."""
    token: str = ""
    beside: Mapping[str, int] = field(default_factory=dict)
    _taken: int = 0

    def expect(self, folder: Path, instances: list[Instance]) -> Callable[[float], float]:
        """Nothing is waited for: the answers are what is measured."""
        self._taken += len(instances)
        return lambda _: time.monotonic()

    def verify(self, instances: list[Instance]) -> None:
        """Raises Incomplete unless all that was accepted so far is there."""
        if (held := self.held()) != self._taken:
            raise Incomplete(f"{self.name} was sent {self._taken} instances and has {held}")
