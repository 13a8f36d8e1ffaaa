"""What the harness itself knows: what it sent and was told. The first witness, which nobody else keeps."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from tests.support.books import key_of
from tests.support.generated import Item


@dataclass(frozen=True)
class Acknowledged:
    """An instance that was answered with success."""

    site: str
    round: int
    poison: bool
    """It may end in any way, as long as it ends."""


@dataclass
class Sent:
    """All of it, by the key that its raw object has to have. Thread-safe."""

    acknowledged: dict[str, Acknowledged] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    """By status, or in a word how it ended otherwise."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, site: str, item: Item, number: int, *, poison: bool = False) -> None:
        """That was acknowledged, in that round; maybe not for the first time."""
        with self._lock:
            self.acknowledged.setdefault(key_of(site, item), Acknowledged(site, number, poison))

    def told(self, word: str) -> None:
        with self._lock:
            self.answers[word] += 1
