"""What it costs the receiver to look after what it has: `python -m tests.bench.sweeping`, in this process.

A sweep looks at every raw object. Measured are: reading the view of what was received from the topic after it was
thrown away; a sweep where all is known; and one that has to publish every object, which reads it as a whole. By the
tree and by the S3 server on the same files, with a broker that flushes. Files are in the page cache, as they were just
written. CPU is ours: without that of broker and S3 server.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from infra.demo.witness import bucket
from infra.local import stack as local
from infra.local.state import Stack
from services.receiver.arrivals import Arrivals
from services.receiver.handler import output_of
from services.receiver.journal import Journal
from services.receiver.recall import recall
from services.receiver.sweep import Found, Sweep
from shared import telemetry
from shared.dicom import part10
from shared.dicom.identity import Pseudonyms
from shared.dicom.raw_object import Arrived, key_of
from shared.kafka import Output, Publisher
from shared.storage import Store, TreeStore
from tests.bench import instances
from tests.bench.sender import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN
from tests.bench.side import Incomplete
from tests.bench.told import FOLDER, keep, measuring, page, table

HOME = FOLDER / "sweeping"
SITE = "site-a"
JOURNAL = Journal("demo", Pseudonyms(b"k" * 32))
PUBLISH_SECONDS = 5.0
THREADS = 64
"""That publish at the same time what is only to be read: the broker flushes for many at once."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of `count` objects or events. `cpu_seconds`: this process's."""

    what: str
    store: str
    count: int
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw object."""

    of: Arrived
    content: bytes

    @property
    def key(self) -> str:
        return key_of(self.of.site, self.of.digest)


def raw(sop: str, data_set: bytes) -> Raw:
    """As the receiver keeps an instance."""
    front = part10.front(EXPLICIT_VR_LITTLE_ENDIAN, CT_IMAGE_STORAGE, sop)
    return Raw(Arrived(SITE, part10.digest(data_set, EXPLICIT_VR_LITTLE_ENDIAN)), front + data_set)


def small(count: int) -> Iterator[Raw]:
    """Objects that hold nothing but their name."""
    for number in range(count):
        sop = f"2.25.1{number:09d}"
        value = sop.encode() + b"\0" * (len(sop) % 2)
        yield raw(sop, b"\x08\x00\x18\x00UI" + len(value).to_bytes(2, "little") + value)


def output(one: Raw) -> Output:
    """The record that tells of its arrival."""
    meta, now = part10.meta(one.content), datetime.now(UTC)
    assert meta
    with telemetry.span("sweep") as span:
        return output_of(JOURNAL.event(one.of, meta, one.content, len(one.content), now), now, span)


def place(bucket: Path, objects: Iterable[Raw]) -> None:
    """Write them into the tree without a sync, which would take minutes."""
    for one in objects:
        file = bucket / one.key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(one.content)


def timed(what: str, store: str, expected: int, work: Callable[[], int]) -> Cost:
    """What `work` costs, which tells how many it did. Raises Incomplete when those are others than expected."""
    began, cpu = time.monotonic(), time.process_time()
    done = work()
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    if done != expected:
        raise Incomplete(f"{what}, {store}: {done} instead of {expected}")
    return Cost(what, store, expected, seconds, cpu)


def run(known: int, unknown: int) -> list[Cost]:
    """All of it. Raises Incomplete, StackError."""
    with (
        local.running(HOME, only=("kafka", "versitygw")) as stack,
        closing(Publisher(stack.kafka_bootstrap_servers, PUBLISH_SECONDS)) as broker,
    ):
        tree = stack.object_store.tree
        stores = {"tree": TreeStore(tree, "identified"), "s3": bucket(stack, "identified")}
        found = [*_known(stack, stores, broker, known)]
        shutil.rmtree(tree / "identified" / SITE)
        place(tree / "identified", (raw(one.sop, data) for one, data in instances.generate("sweeping", unknown)))
        return [*found, *(_unknown(name, store, broker, unknown) for name, store in stores.items())]


def _known(stack: Stack, stores: Mapping[str, Store], broker: Publisher, count: int) -> Iterator[Cost]:
    place(stack.object_store.tree / "identified", small(count))
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(broker.publish, map(output, small(count))))
    with closing(Arrivals(HOME / "known.sqlite")) as arrivals:
        bootstrap = stack.kafka_bootstrap_servers
        yield timed("an event of the topic, the view is empty", "-", count, lambda: recall(arrivals, bootstrap))
        # Each sweep begins with it, and so does each start.
        yield timed("a look at the topic, nothing is new", "-", 1, lambda: int(not recall(arrivals, bootstrap)))
        for name, store in stores.items():
            yield timed("an object, all is known", name, count, _sweep(store, broker, arrivals, Found.KNOWN))


def _unknown(name: str, store: Store, broker: Publisher, count: int) -> Cost:
    with closing(Arrivals(HOME / f"unknown-{name}.sqlite")) as arrivals:
        sweep = _sweep(store, broker, arrivals, Found.PUBLISHED)
        return timed("an object of 0.53 MB, published", name, count, sweep)


def _sweep(store: Store, broker: Publisher, arrivals: Arrivals, found: Found) -> Callable[[], int]:
    """Looks once, and tells how many ended so."""
    sweep = Sweep(
        identified=store, broker=broker, arrivals=arrivals, journal=JOURNAL, grace=timedelta(0), stop=threading.Event()
    )
    return lambda: sweep.run_once()[found]


def rows(costs: Sequence[Cost]) -> Iterator[Sequence[str]]:
    """Of the table."""
    for one in costs:
        each, cpu = (1e3 * seconds / one.count for seconds in (one.seconds, one.cpu_seconds))
        yield one.what, one.store, str(one.count), f"{each:.3f}", f"{cpu:.3f}"


COLUMNS = ("for", "store", "measured", "ms", "of it our CPU")


@click.command(help=__doc__)
@click.option("--known", default=50_000, show_default=True, help="Small objects that are known, and their events.")
@click.option("--unknown", default=500, show_default=True, help="CT objects that have to be published.")
def main(known: int, unknown: int) -> None:
    telemetry.configure_logging("bench", "WARNING")
    shutil.rmtree(HOME, ignore_errors=True)
    with measuring(HOME):
        found = run(known, unknown)
    conditions = {"known objects": known, "objects to be published": unknown}
    text = page("What looking after raw objects costs", conditions, *table(COLUMNS, rows(found)))
    keep("sweeping", text, {"conditions": conditions, "costs": [asdict(one) for one in found]})


if __name__ == "__main__":
    main()
