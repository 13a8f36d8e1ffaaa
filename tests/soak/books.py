"""What was acknowledged, looked up in the store soon after and then removed, and in the topic at the end."""

import hashlib
import queue
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.books import key_of
from tests.support.generated import Item
from tests.support.pipeline import IN_BULK, RECEIVED
from tests.support.stack import Stack
from tests.support.topics import Topics

_WAITING = 400
"""Acknowledged instances that nobody has looked up yet, at most: senders wait then, and the disk stays small."""
_PIECE = 8 * 1024 * 1024


@dataclass
class Tally:
    """What the senders did and were told; thread-safe."""

    acknowledged: int = 0
    bytes: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """By manner and status, or how it ended otherwise."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, manner: str, word: str, size: int = 0) -> None:
        with self._lock:
            self.answers[f"{manner} {word}"] += 1
            if size:
                self.acknowledged += 1
                self.bytes += size


class Clerk(threading.Thread):
    """Looks up in the store what was acknowledged, byte for byte, and removes it then: else it would fill the disk."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(name="clerk", daemon=True)
        self._stack = stack
        self._tree = Path(stack.told()["object_store"]["tree"]) / "identified"
        self._objects = stack.objects()
        self._queue: queue.Queue[str | None] = queue.Queue(_WAITING)
        self._sent: list[tuple[str, Item]] = []
        self.keys: set[str] = set()
        """Of all that was acknowledged."""
        self.lost: list[str] = []

    def take(self, site: str, item: Item) -> None:
        """That was acknowledged to a site."""
        key = key_of(site, item)
        if len(item.data_set) < 200_000:
            self._sent.append((site, item))
            del self._sent[:-50]
        self._queue.put(key)

    def earlier(self) -> list[tuple[str, Item]]:
        """Some that were acknowledged before, to be sent again."""
        return list(self._sent)

    def run(self) -> None:
        while (key := self._queue.get()) is not None:
            if key in self.keys:
                continue  # a repeat
            self.keys.add(key)
            if not self._is_whole(key):
                self.lost.append(key)
            self._objects.remove_object("identified", key)

    def end(self) -> None:
        """When all has been looked up."""
        self._queue.put(None)
        self.join()

    def _is_whole(self, key: str) -> bool:
        """Its name is the digest of transfer syntax and data set, which stands behind the file meta information."""
        try:
            with (self._tree / key).open("rb") as file:
                head = file.read(2048)
                begin = 144 + int.from_bytes(head[140:144], "little")
                digest = hashlib.sha256(syntax_of(head))
                file.seek(begin)
                while piece := file.read(_PIECE):
                    digest.update(piece)
        except FileNotFoundError:
            return False
        return digest.hexdigest() == Path(key).stem


def syntax_of(head: bytes) -> bytes:
    """(0002,0010) of a file's head."""
    at = head.index(b"\x02\x00\x10\x00UI") + 6
    length = int.from_bytes(head[at : at + 2], "little")
    return head[at + 2 : at + 2 + length].rstrip(b"\0")


@dataclass(frozen=True)
class Balance:
    """Acknowledged, kept and announced at the end, as numbers of instances."""

    acknowledged: int
    not_in_store: int
    not_in_topic: int
    """Of those that were acknowledged."""
    stored_and_not_announced: int
    """Of those that are in the store, acknowledged or not."""


def balance(stack: Stack, clerk: Clerk, sites: list[str]) -> Balance:
    """Call it when nobody sends any more."""
    left = {key for site in sites for key in stack.keys("identified", f"{site}/")}
    announced = {record.event()["key"] for record in Topics(stack.kafka).records(RECEIVED, IN_BULK) if record.value}
    return Balance(len(clerk.keys), len(clerk.lost), len(clerk.keys - announced), len(left - announced))
