"""How far behind each stage is and how much memory each process takes, second by second."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
from confluent_kafka import KafkaException

from tests.chaos.rounds import groups, processes
from tests.chaos.rounds.kafka import admin
from tests.support.stack import Stack

EVERY = 2.0
"""Seconds between two looks."""
STRANGERS = ("chaos-", "system-tests")
"""Groups of ours begin so."""


@dataclass
class Curves:
    """Points of (seconds since the beginning, value), by name."""

    lag: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Records, by consumer group."""
    memory: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """MiB resident, by process, its children included."""
    marks: list[tuple[float, float, str]] = field(default_factory=list)
    """Begin and end of each fault, and which."""


class Watch:
    """Looks until it is ended."""

    def __init__(self, stack: Stack, curves: Curves, began: float) -> None:
        self._stack, self._curves, self._began = stack, curves, began
        self._broker = admin(stack.kafka)
        self._ended = threading.Event()
        # A look at the broker may take its time while that stands still.
        self._threads = [threading.Thread(target=self._again, args=(look,), daemon=True) for look in self._looks()]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _looks(self) -> tuple[Callable[[], None], ...]:
        return self._lag, self._memory

    def _again(self, look: Callable[[], None]) -> None:
        while not self._ended.wait(EVERY):
            look()

    def _lag(self) -> None:
        with suppress(KafkaException):
            for group in groups.names(self._broker):
                if not group.startswith(STRANGERS):
                    self._note(self._curves.lag, group, groups.behind(self._broker, group))

    def _memory(self) -> None:
        for process in self._stack.told()["processes"]:
            resident = 0
            for each in processes.all_of(self._stack, process["name"]):
                with suppress(psutil.NoSuchProcess):
                    resident += each.memory_info().rss
            if resident:
                self._note(self._curves.memory, process["name"], resident / 2**20)

    def _note(self, curves: dict[str, list[tuple[float, float]]], name: str, value: float) -> None:
        curves.setdefault(name, []).append((time.monotonic() - self._began, value))
