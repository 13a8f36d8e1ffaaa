"""What one run of this benchmark measured."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from tests.bench.side import Round

Way = Literal["C-STORE", "STOW-RS"]

TREE, S3, ORTHANC = "isocentre tree://, durable", "isocentre S3, volatile", "Orthanc, fsync"
PYNETDICOM, STORESCP = "pynetdicom, no fsync", "dcmtk storescp, no fsync"
UNFLUSHED, LOOP = "isocentre tree://, broker not flushing", "isocentre's receive loop alone"
"""What the broker's syncs cost, and what everything behind the loop does."""
RECEIVERS = (TREE, UNFLUSHED, S3, LOOP, ORTHANC, PYNETDICOM, STORESCP)


@dataclass(frozen=True, slots=True)
class Measured:
    """One batch of instances over so many associations, or HTTP connections, to a fresh and warm receiver."""

    turn: int
    """Of which turn of all receivers this is a part."""
    way: Way
    associations: int
    round: Round

    @property
    def receiver(self) -> str:
        return self.round.side

    @property
    def per_second(self) -> float:
        return self.round.count / self.round.sending_seconds

    def cpu_ms(self, process: str) -> float | None:
        """CPU milliseconds of one process and its descendants, for an instance; None where there is none."""
        return self.round.cpu_ms.get(process)

    def as_json(self) -> dict[str, Any]:
        return {
            "turn": self.turn,
            "way": self.way,
            "associations": self.associations,
            "instances_per_second_sending": round(self.per_second, 1),
            **self.round.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Stock:
    """How fast dcmtk's storescu was on one association, with TCP_NODELAY in its environment or without."""

    turn: int
    receiver: str
    no_delay: bool
    per_second: float


def of(measured: Iterable[Measured], receiver: str, way: Way, associations: int) -> list[Measured]:
    """What was measured of a receiver that way, turn after turn."""
    wanted = (receiver, way, associations)
    found = [one for one in measured if (one.receiver, one.way, one.associations) == wanted]
    return sorted(found, key=lambda one: one.turn)


def ratio(ours: Sequence[Measured], theirs: Sequence[Measured]) -> float | None:
    """Our instances/s to theirs: the median of the ratios within each turn; None when there is no turn with both."""
    pairs = {one.turn: one.per_second for one in theirs}
    return _median(one.per_second / pairs[one.turn] for one in ours if one.turn in pairs)


def median_of(measured: Sequence[Measured], value: Callable[[Measured], float | None]) -> float | None:
    """The median over all turns; None when nothing was measured, or nothing like that."""
    return _median(found for found in map(value, measured) if found is not None)


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return median(found) if found else None
