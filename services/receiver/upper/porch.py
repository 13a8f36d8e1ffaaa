"""Who is connected and has no association, yet or any more: not many, and nobody alone takes all the room."""

import threading
from collections import Counter
from typing import Generic, TypeVar

Caller = TypeVar("Caller")

UNASKED, UNASKED_OF_ONE = 256, 64
"""Connections to a process that have nothing under way, in all and from one address."""


class Porch(Generic[Caller]):
    """Holds `most` callers, `most_of_one` of them from the same address. The oldest make room for new ones."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._callers: dict[Caller, str] = {}  # in the order in which they came
        self._of_address = Counter[str]()
        self._lock = threading.Lock()

    def enter(self, caller: Caller, address: str) -> Caller | None:
        """One more is here. Who has to leave for him, if anybody has. Who is here already gets no younger by it."""
        with self._lock:
            if caller in self._callers:
                return None
            self._callers[caller] = address
            self._of_address[address] += 1
            if self._of_address[address] > self._most_of_one:
                return self._remove(next(one for one, whence in self._callers.items() if whence == address))
            if len(self._callers) > self._most:
                return self._remove(next(iter(self._callers)))
            return None

    def leave(self, caller: Caller) -> None:
        """He is let in, or gone."""
        with self._lock:
            if caller in self._callers:
                self._remove(caller)

    def _remove(self, caller: Caller) -> Caller:
        address = self._callers.pop(caller)
        self._of_address[address] -= 1
        if not self._of_address[address]:
            del self._of_address[address]
        return caller
