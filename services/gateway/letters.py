"""The dead letters of the clean zone, kept in memory from their topics without the records that died."""

import threading
from collections.abc import Sequence

from shared.events.envelope import UndecodableEvent, decode
from shared.kafka.log import Record
from shared.letters import ZONES, Letter, Letters

CLEAN = next(zone for zone in ZONES if zone.name == "clean")


class KnownLetters:
    """Thread-safe: one thread follows the topics, many read."""

    def __init__(self) -> None:
        self._letters = Letters(CLEAN)
        self._lock = threading.Lock()

    def take(self, records: Sequence[Record]) -> None:
        """Take over what the records say. What cannot be read is told by the command line, which counts it."""
        for record in records:
            if record.topic not in CLEAN.topics:
                continue
            try:
                event = decode(record.topic, record.value, record.headers)
            except UndecodableEvent:
                continue
            with self._lock:
                self._letters.take(event, record.timestamp, record.offset)

    def all(self) -> tuple[Letter, ...]:
        """All of them, the oldest first."""
        with self._lock:
            return tuple(self._letters)

    def deaths(self, letter: str) -> tuple[Letter, ...]:
        """That letter and the others that its record was, the oldest first; empty when there is none of that id."""
        known = self.all()
        first = {one.id: one.first for one in known}.get(letter)
        return tuple(one for one in known if one.first == first) if first else ()
