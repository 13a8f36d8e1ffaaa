"""What it costs to read, write and tell the header of one CT object: `python -m tests.bench.walking`.

Medians of many rounds, in CPU time, so that others at work on the machine disturb little.
"""

import statistics
import time
from collections.abc import Callable

from services.anonymiser.dataset.header import header
from services.anonymiser.dataset.reading import read, read_by_reference, syntax_of
from services.anonymiser.dataset.tree import Item
from services.anonymiser.dataset.writing import parts
from shared.dicom.part10 import front
from tests.bench import instances

EXPLICIT, IMPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
UIDS = ("1.2.840.10008.5.1.4.1.1.2", "2.25.1")
ROUNDS, REPEATS = 15, 50


def median(work: Callable[[], object]) -> float:
    """Milliseconds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(REPEATS):
            work()
        rounds.append((time.process_time() - began) / REPEATS * 1000)
    return statistics.median(rounds)


def count(elements: Item) -> int:
    return len(elements) + sum(count(item) for element in elements for item in element.items)


def main() -> None:
    ((_, body),) = instances.generate("walking", 1)
    data = front(EXPLICIT, *UIDS) + body
    syntax, elements = read(data)
    public = tuple(element for element in elements if not element.group & 1)
    print(f"{count(elements)} elements, {len(elements)} at the top; {count(public)} of them public")
    work: dict[str, Callable[[], object]] = {
        "read by the walker": lambda: read(data),
        "read by the walker, from a memoryview": lambda: read(memoryview(data)),
        "read by the reference": lambda: read_by_reference(data),
        "write in parts": lambda: parts(elements, syntax, *UIDS),
        "header of the public elements": lambda: header(public, syntax),
    }
    for name, uid in (("implicit", IMPLICIT), ("big endian", BIG)):
        other = b"".join(parts(elements, syntax_of(uid), *UIDS))
        work[f"read by the walker, {name}"] = lambda other=other: read(other)  # type: ignore[misc]
    for name, one in work.items():
        print(f"{median(one):7.3f} ms  {name}")


if __name__ == "__main__":
    main()
