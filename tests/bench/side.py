"""One measured round, whichever system is measured: warm up, send, wait for the last, and count what it cost."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from infra.local.bound import bound
from infra.local.layout import ROOT
from tests.bench import cpu
from tests.bench.instances import Instance, read_index

SETTLE_SECONDS = 2.0
"""What trails behind the last instance (spans, counts, checkpoints) is part of the cost."""

IDLE_SECONDS = 4.0
WAIT_SECONDS = 300.0


class Incomplete(Exception):
    """A round did not come to its end; the text says what is missing."""


class Side(Protocol):
    """A system that is up and can be measured."""

    name: str
    port: int
    called: str
    calling: str

    @property
    def pids(self) -> Mapping[str, int]:
        """Its processes by name; descendants are found."""
        ...

    @property
    def beside(self) -> Mapping[str, int]:
        """Processes that belong to the measurement, told apart and left out of the total."""
        ...

    def expect(self, folder: Path, instances: list[Instance]) -> Callable[[float], float]:
        """Start watching. The answer waits (until a deadline) for the whole job of each of `instances` to be done,
        and returns when that was, by `time.monotonic`. Raises Incomplete."""
        ...

    def verify(self, instances: list[Instance]) -> None:
        """Look, by other means and after the clock has stopped, whether it is so. Raises Incomplete."""
        ...


@dataclass(frozen=True, slots=True)
class Round:
    """What one round measured. CPU in milliseconds per instance."""

    side: str
    count: int
    seconds: float
    sending_seconds: float
    store_median_ms: float
    store_p99_ms: float
    cpu_ms: Mapping[str, float]
    beside_cpu_ms: Mapping[str, float]
    idle_cpu_ms_per_second: Mapping[str, float]
    others_cores: float
    load_before: float

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    @property
    def total_cpu_ms(self) -> float:
        return sum(self.cpu_ms.values())

    @property
    def total_idle(self) -> float:
        return sum(self.idle_cpu_ms_per_second.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "side": self.side,
            "instances": self.count,
            "seconds": round(self.seconds, 3),
            "instances_per_second": round(self.per_second, 1),
            "sending_seconds": round(self.sending_seconds, 3),
            "c_store_median_ms": self.store_median_ms,
            "c_store_p99_ms": self.store_p99_ms,
            "cpu_ms_per_instance": {"total": round(self.total_cpu_ms, 2)} | _rounded(self.cpu_ms),
            "beside_cpu_ms_per_instance": _rounded(self.beside_cpu_ms),
            "idle_cpu_ms_per_second": {"total": round(self.total_idle, 1)} | _rounded(self.idle_cpu_ms_per_second),
            "other_work_on_the_machine_cores": round(self.others_cores, 2),
            "load_average_before": round(self.load_before, 2),
        }


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Sent:
    """What the sender says of itself."""

    began: float
    ended: float
    cpu_seconds: float
    accepted: int
    median_ms: float
    p99_ms: float


Command = Callable[[Side, Path, int], Sequence[str]]
"""The sender's command line, for a side, a folder of instances and a number of associations."""


def dicom(side: Side, folder: Path, associations: int, module: str = "tests.bench.sender") -> list[str]:
    """Who sends by C-STORE."""
    titles = ["--called", side.called, "--calling", side.calling]
    options = ["--port", str(side.port), *titles, "--associations", str(associations)]
    return [sys.executable, "-m", module, str(folder), *options]


def warm_up(side: Side, folder: Path, associations: int, command: Command = dicom) -> None:
    """One batch that is not measured: JVMs compile, pools fill, files are opened."""
    instances = read_index(folder)
    done = side.expect(folder, instances)
    with sending(command(side, folder, associations)) as sender:
        sender.go()
        _all_accepted(sender.result(), instances)
        done(time.monotonic() + WAIT_SECONDS)
    time.sleep(SETTLE_SECONDS)


def measure(side: Side, folder: Path, associations: int, command: Command = dicom) -> Round:
    """One batch, measured."""
    instances = read_index(folder)
    load = os.getloadavg()[0]
    idle = _idle(side)
    done = side.expect(folder, instances)
    with sending(command(side, folder, associations)) as sender:
        everything = {**side.pids, **side.beside}
        before, machine, start = cpu.measure(everything), cpu.machine_seconds(), time.monotonic()
        own = time.process_time()
        sender.go()
        sent = sender.result()
        _all_accepted(sent, instances)
        finished = done(time.monotonic() + WAIT_SECONDS)
        time.sleep(SETTLE_SECONDS)
        after, machine = cpu.measure(everything), cpu.machine_seconds() - machine
        span, own = time.monotonic() - start, time.process_time() - own
    side.verify(instances)
    each = {name: 1e3 * (after[name] - before[name]) / len(instances) for name in everything}
    known = sum(after[name] - before[name] for name in everything) + sent.cpu_seconds + own
    watcher = 1e3 * own / len(instances)
    return Round(
        side=side.name,
        count=len(instances),
        seconds=finished - sent.began,
        sending_seconds=sent.ended - sent.began,
        store_median_ms=sent.median_ms,
        store_p99_ms=sent.p99_ms,
        cpu_ms={name: each[name] for name in side.pids},
        beside_cpu_ms={name: each[name] for name in side.beside}
        | {"sender": 1e3 * sent.cpu_seconds / len(instances), "watcher": watcher},
        idle_cpu_ms_per_second=idle,
        others_cores=max(0.0, machine - known) / span,
        load_before=load,
    )


def _all_accepted(sent: Sent, instances: Sequence[Instance]) -> None:
    if sent.accepted != len(instances):
        raise Incomplete(f"of {len(instances)} instances {sent.accepted} were accepted")


def _idle(side: Side) -> dict[str, float]:
    """CPU milliseconds a second while nothing is to be done; contained in what an instance is said to cost."""
    before, start = cpu.measure(side.pids), time.monotonic()
    time.sleep(IDLE_SECONDS)
    after, seconds = cpu.measure(side.pids), time.monotonic() - start
    return {name: 1e3 * (after[name] - before[name]) / seconds for name in before}


class sending:  # noqa: N801 - reads as a statement: with sending(...)
    """The sender's process: loaded and associated on entry."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = bound(command)

    def __enter__(self) -> "sending":
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self._line() != "ready\n":
            raise Incomplete("the sender could not associate")
        return self

    def go(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def result(self) -> Sent:
        """Waits until all is sent. Raises Incomplete when the sender did not come to its end."""
        line = self._line()
        if not line:
            raise Incomplete("the sender broke off")
        return Sent(**json.loads(line))

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
