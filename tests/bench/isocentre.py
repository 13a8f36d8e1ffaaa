"""Our side: a fresh stack, watched through its topics."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from infra.demo.witness import bucket
from infra.local import stack as local
from infra.local.state import Stack, StoreWay
from shared.events import InstanceIndexed, InstanceRejected, InstanceThumbnailed
from shared.events.envelope import decode
from shared.kafka import end_offsets, tail
from tests.bench.instances import Instance
from tests.bench.side import Incomplete

TOPICS = (InstanceIndexed.topic, InstanceThumbnailed.topic, InstanceRejected.topic)


OURS: Mapping[str, StoreWay] = {"isocentre tree": "tree", "isocentre s3": "s3"}
"""Our sides, and how their services write objects."""


class Isocentre:
    """A running stack, as a side of the measurement."""

    called = "ISOCENTRE"
    calling = "SITE_A"

    def __init__(self, stack: Stack) -> None:
        self.name = f"isocentre {stack.object_store.way}"
        self._stack = stack
        self._finished = 0
        self.port = stack.services["receiver"].dicom_port or 0

    @property
    def pids(self) -> Mapping[str, int]:
        running = local.attach(self._stack.home)
        return {process.name: process.pid for process in running.processes if process.pid}

    @property
    def beside(self) -> Mapping[str, int]:
        return {}

    def expect(self, folder: Path, instances: list[Instance]) -> Callable[[float], float]:
        watch = Watch(self._stack.kafka_bootstrap_servers, len(instances))
        watch.start()

        def done(deadline: float) -> float:
            watch.join(max(0.0, deadline - time.monotonic()))
            if watch.finished is None:
                raise Incomplete(f"of {len(instances)} {watch.told()}")
            self._finished += len(instances)
            return watch.finished

        return done

    def verify(self, instances: list[Instance]) -> None:
        with psycopg.connect(self._stack.database.url("postgres")) as connection:
            row = connection.execute("SELECT count(*) FROM instance").fetchone()
        clean = sum(key.endswith(".dcm") for key in self._keys("clean"))
        derived = sum(not key.startswith(".probe") for key in self._keys("derived"))
        found = {"indexed": row[0] if row else 0, "clean objects": clean, "pictures": derived}
        if set(found.values()) != {self._finished}:
            raise Incomplete(f"of {self._finished} there are {found}")

    def _keys(self, name: str) -> Iterator[str]:
        return bucket(self._stack, name).keys()


class Watch(threading.Thread):
    """Reads, as any subscriber would, which instances are indexed and which have a picture."""

    def __init__(self, bootstrap: str, count: int) -> None:
        super().__init__(name="watch", daemon=True)
        self.finished: float | None = None
        self._count = count
        self._indexed: set[str] = set()
        self._pictured: set[str] = set()
        self._rejected: set[str] = set()
        self._servers = bootstrap
        # Asked for before anything is sent: from here on every record counts.
        self._begin = end_offsets(bootstrap, TOPICS)

    def run(self) -> None:
        for records in tail(self._servers, TOPICS, self._begin):
            for record in records:
                self._take(decode(record.topic, record.value, record.headers))
            if min(len(self._indexed), len(self._pictured)) >= self._count:
                self.finished = time.monotonic()
                return

    def _take(self, event: object) -> None:
        match event:
            case InstanceIndexed():
                self._indexed.add(event.sop_instance_uid)
            case InstanceThumbnailed():
                self._pictured.add(event.sop_instance_uid)
            case InstanceRejected():
                self._rejected.add(event.sop_instance_uid)

    def told(self) -> str:
        counts = (len(self._indexed), len(self._pictured), len(self._rejected))
        return "{} were indexed, {} thumbnailed, {} rejected".format(*counts)


@contextmanager
def running(home: Path, store: StoreWay) -> Iterator[Isocentre]:
    """A fresh stack for the length of this block. Its files stay."""
    shutil.rmtree(home, ignore_errors=True)
    with local.running(home, store=store) as stack:
        yield Isocentre(stack)
