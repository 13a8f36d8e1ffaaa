"""A sender that does not stop: it makes of one instance for each association others without end.

`python -m tests.bench.flooding` takes what `tests.bench.sender` takes and says `ready`. It floods from the first line
on, and tells of what is answered between the second and the third. Whoever refuses an instance ends it.
"""

import json
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

from tests.bench.instances import read_index
from tests.bench.sender import Association, Refused, asked, summary

_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Answered:
    """One instance that was accepted: when, by `time.monotonic`, and after how many seconds."""

    at: float
    seconds: float


@dataclass(slots=True)
class Flood:
    """What all associations have in common."""

    over: threading.Event = field(default_factory=threading.Event)
    answers: list[Answered] = field(default_factory=list)

    def send(self, association: Association, sop: str, data_set: bytes) -> None:
        """Until it is over. Raises Refused."""
        for number in count():
            if self.over.is_set():
                return
            another = renamed(sop, data_set, number)
            began = time.monotonic()
            if status := association.store(number % 65_535 + 1, *another):
                raise Refused(f"status 0x{status:04X}")
            ended = time.monotonic()
            self.answers.append(Answered(ended, ended - began))


def renamed(sop: str, data_set: bytes, number: int) -> tuple[str, bytes]:
    """The same instance under another SOP Instance UID that is as long, and that UID."""
    other = f"{sop[:-_DIGITS]}{number:0{_DIGITS}d}"
    return other, data_set.replace(sop.encode(), other.encode(), 1)


def between(answers: Sequence[Answered], began: float, ended: float) -> list[tuple[bool, float]]:
    """Of those that came then, as `summary` takes them."""
    return [(True, one.seconds) for one in answers if began <= one.at < ended]


def main() -> None:
    folder, peer, associations = asked(__doc__)
    made = [(one.sop, (folder / one.file).read_bytes()) for one in read_index(folder)[:associations]]
    opened = [Association(peer) for _ in made]
    flood = Flood()
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(len(made)) as pool:
        lanes = [pool.submit(flood.send, association, *one) for association, one in zip(opened, made, strict=True)]
        sys.stdin.readline()
        began, cost = time.monotonic(), time.process_time()
        sys.stdin.readline()
        ended, cost = time.monotonic(), time.process_time() - cost
        flood.over.set()
    for lane in lanes:
        lane.result()
    for association in opened:
        association.release()
    print(json.dumps(summary(began, ended, cost, between(flood.answers, began, ended))), flush=True)


if __name__ == "__main__":
    main()
