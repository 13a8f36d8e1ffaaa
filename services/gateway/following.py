"""Follows topics for as long as the gateway runs, so that pages answer from memory."""

import threading
from collections.abc import Callable, Iterator, Sequence

from shared.kafka.log import Record
from shared.outcome import Transient

RETRY_SECONDS = 5.0
Tail = Callable[[], Iterator[list[Record]]]
Taker = Callable[[Sequence[Record]], None]


def follow(tail: Tail, takers: Sequence[Taker], stop: threading.Event) -> None:
    """Read until `stop`, from the beginning again whenever the broker was away; each taker picks what is its own."""
    while not stop.is_set():
        try:
            for records in tail():
                for take in takers:
                    take(records)
                if stop.is_set():
                    return
        except Transient:
            stop.wait(RETRY_SECONDS)
