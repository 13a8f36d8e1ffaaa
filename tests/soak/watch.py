"""What the receiver's processes take, over time, and whether that grows."""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median

import psutil

from tests.support.door import processes
from tests.support.stack import Stack

EVERY = 2.0
"""Seconds."""
_WARM_UP = 0.25
"""Of the time: caches fill and heaps find their size."""
_MOST_GROWTH, _MOST_SHARE = 24 * 2**20, 0.15
"""Bytes, and of what is usual: growth over the whole time below the larger one of the two is no growth."""
_MOST_DESCRIPTORS = 4
"""How many more there may be when everybody has gone: a log, a connection to the broker."""


@dataclass(frozen=True)
class Sample:
    """One process at one moment; memory resident, in bytes."""

    seconds: float
    pid: int
    memory: int
    descriptors: int
    """But for the folders of the store, of which a fixed number is kept open."""
    threads: int


class Watch(threading.Thread):
    """Takes samples until it is ended."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(name="watch", daemon=True)
        self._stack = stack
        self._ended = threading.Event()
        self._began = time.monotonic()
        self.samples: list[Sample] = []

    def run(self) -> None:
        while not self._ended.wait(EVERY):
            self.samples += self.look()

    def look(self) -> list[Sample]:
        """All processes now."""
        found = []
        for process in processes(self._stack):
            try:
                told = (process.memory_info().rss, descriptors(process.pid), process.num_threads())
            except (psutil.NoSuchProcess, FileNotFoundError):
                continue
            found.append(Sample(time.monotonic() - self._began, process.pid, *told))
        return found

    def end(self) -> None:
        """Take no more."""
        self._ended.set()
        self.join()


def descriptors(pid: int) -> int:
    """How many a process has open that are no folders."""
    return sum(not os.path.isdir(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd"))


def growth(points: Sequence[tuple[float, float]]) -> float:
    """How much the straight line through `points` (seconds, value) rises from the first to the last of them."""
    if len(points) < 3:
        return 0.0
    middle, mean = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - middle) ** 2 for x, _ in points)
    slope = sum((x - middle) * (y - mean) for x, y in points) / spread if spread else 0.0
    return slope * (points[-1][0] - points[0][0])


def memory_of(samples: Sequence[Sample]) -> list[dict[str, float]]:
    """For each process what is usual, the most, and how much it grew after the warm-up, in bytes."""
    by_process = defaultdict(list)
    end = max((sample.seconds for sample in samples), default=0.0)
    for sample in samples:
        if sample.seconds >= end * _WARM_UP:
            by_process[sample.pid].append(sample)
    return [
        {
            "pid": pid,
            "median": median(sample.memory for sample in those),
            "most": max(sample.memory for sample in those),
            "growth": growth([(sample.seconds, sample.memory) for sample in those]),
        }
        for pid, those in by_process.items()
    ]


def complaints(samples: Sequence[Sample], idle_before: Sequence[Sample], idle_after: Sequence[Sample]) -> list[str]:
    """What was not flat, in words."""
    found = [
        f"memory of process {told['pid']} grew by {told['growth'] / 2**20:.0f} MiB"
        for told in memory_of(samples)
        if told["growth"] > max(_MOST_GROWTH, _MOST_SHARE * told["median"])
    ]
    if {sample.pid for sample in idle_before} != {sample.pid for sample in idle_after}:
        found.append("a process has died")
    before = {sample.pid: sample for sample in idle_before}
    for after in idle_after:
        if after.pid in before and after.descriptors > before[after.pid].descriptors + _MOST_DESCRIPTORS:
            found.append(f"process {after.pid} keeps {after.descriptors - before[after.pid].descriptors} descriptors")
    return found


def as_json(samples: Sequence[Sample]) -> list[dict[str, float]]:
    """For the report."""
    return [asdict(sample) for sample in samples]
