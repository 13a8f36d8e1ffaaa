"""What a node takes: CPU and bytes of its disk for an instance, memory of its processes, seconds until it is up.

`python -m tests.bench.footprint` sends instances through a fresh local stack, kills all of it at once, starts it again
on what is left, and looks whether everything is still there. It prints the tables, and writes build/bench/footprint.md
and footprint.json.
"""

import json
import os
import shutil
import sqlite3
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import psutil
import psycopg

from infra.local import stack as local
from infra.local.layout import ROOT
from infra.local.stack import StackError
from infra.local.state import Process, Stack
from tests.bench import instances
from tests.bench.isocentre import Isocentre
from tests.bench.report import machine
from tests.bench.side import Incomplete, Round, measure, warm_up
from tests.support.stack import end_at_once

FOLDER = ROOT / "build" / "bench"
HOME = FOLDER / "footprint"
MB = 1e6
_BLOCK = 512
"""Bytes of one of `st_blocks`, see stat(2)."""


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes: what files hold, and what they take of the disk."""

    held: float = 0
    taken: float = 0

    def __add__(self, other: "Size") -> "Size":
        return Size(self.held + other.held, self.taken + other.taken)

    def grown(self, before: "Size", count: int) -> "Size":
        """How much it is more than `before`, for each of `count`."""
        return Size((self.held - before.held) / count, (self.taken - before.taken) / count)


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a process with all that descends from it, in bytes: its share of what it has together with others counted
    (PSS), and what the largest one has for itself (USS)."""

    processes: int
    shared_fairly: int
    largest_private: int


@dataclass(slots=True)
class Start:
    """How many seconds after the order each process worked, and all of them."""

    began: float = field(default_factory=time.monotonic)
    ready: dict[str, float] = field(default_factory=dict)
    seconds: float = 0

    def changed(self, process: Process) -> None:
        """What the stack tells of while it starts."""
        if process.state == "ready":
            self.ready.setdefault(process.name, time.monotonic() - self.began)

    def is_up(self) -> None:
        self.seconds = time.monotonic() - self.began


@dataclass(frozen=True, slots=True)
class Footprint:
    """All that was measured; sizes are those of one instance."""

    conditions: Mapping[str, Any]
    sizes: Mapping[str, Size]
    cost: Round
    memory: Mapping[str, Memory]
    first: Start
    again: Start

    def as_json(self) -> dict[str, Any]:
        return {
            "conditions": dict(self.conditions),
            "bytes_per_instance": {name: asdict(size) for name, size in self.sizes.items()},
            "cost": self.cost.as_json(),
            "memory_bytes": {name: asdict(memory) for name, memory in self.memory.items()},
            "seconds_to_start": _times(self.first),
            "seconds_to_start_after_kill": _times(self.again),
        }


def _times(start: Start) -> dict[str, float]:
    return {name: round(value, 1) for name, value in [*start.ready.items(), ("all", start.seconds)]}


def size_of(files: Iterable[Path]) -> Size:
    """Of those that are files, and there when they are looked at."""
    found = Size()
    for file in files:
        with suppress(FileNotFoundError):
            told = file.stat()
            if stat.S_ISREG(told.st_mode):
                found += Size(told.st_size, told.st_blocks * _BLOCK)
    return found


def pages_of(database: Path) -> Size:
    """Of an SQLite database, with what its log still holds."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (bytes_each,) = connection.execute("PRAGMA page_size").fetchone()
    return Size(pages * bytes_each, pages * bytes_each)


def sizes(stack: Stack) -> dict[str, Size]:
    """Of everything that grows with the instances."""
    logs = list((stack.home / "data" / "kafka").glob("*/*.log"))
    tree = stack.object_store.tree
    return {
        **{f"bucket `{name}`": size_of((tree / name).rglob("*")) for name in ("identified", "clean", "derived")},
        "topics": size_of(log for log in logs if not _is_broker_s_own(log)),
        "broker's own topics": size_of(filter(_is_broker_s_own, logs)),
        "`STATE_DIR`, its view": pages_of(stack.home / "data" / "receiver" / "arrivals.sqlite"),
        "database": database_size(stack),
    }


def _is_broker_s_own(log: Path) -> bool:
    return log.parent.name.startswith("__")


def database_size(stack: Stack) -> Size:
    """Of rows and indexes, without the journal, which is used again and again."""
    with psycopg.connect(stack.database.url("postgres")) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return Size(row[0], row[0]) if row else Size()


def memory_of(pid: int) -> Memory:
    """Raises psutil.NoSuchProcess."""
    parent = psutil.Process(pid)
    found = [process.memory_full_info() for process in (parent, *parent.children(recursive=True))]
    return Memory(len(found), sum(each.pss for each in found), max(each.uss for each in found))


def run(count: int, warm: int, associations: int) -> Footprint:
    """All of it. Raises Incomplete, StackError."""
    batches = {"footprint-warm-up": warm, "footprint-measured": count}
    for name, number in batches.items():
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        instances.make(FOLDER / name, name, number)
    warming, measured = (FOLDER / name for name in batches)
    first = Start()
    with local.running(HOME, changed=first.changed) as stack:
        first.is_up()
        system = Isocentre(stack)
        warm_up(system, warming, associations)
        before = sizes(stack)
        cost = measure(system, measured, associations)
        after = sizes(stack)
        memory = {name: memory_of(pid) for name, pid in system.pids.items()}
        end_at_once(psutil.Process(stack.supervisor_pid))
    again = Start()
    with local.running(HOME, changed=again.changed):
        again.is_up()
        system.verify([])
    grown = {name: after[name].grown(before[name], count) for name in after}
    conditions = {
        **{name: value for name, value in machine().items() if name != "load_average"},
        "niceness": os.nice(0),
        "instances": count,
        "sent before": warm,
        "associations": associations,
    }
    return Footprint(conditions, {"as sent": _sent(measured, count)} | grown, cost, memory, first, again)


def _sent(folder: Path, count: int) -> Size:
    return size_of(folder / one.file for one in instances.read_index(folder)).grown(Size(), count)


def page(found: Footprint) -> str:
    """As Markdown."""
    about = ", ".join(f"{name}: {value}" for name, value in found.conditions.items())
    noise = f"others took {found.cost.others_cores:.2f} cores"
    parts = [
        "# What a node takes",
        f"\n{about}; {noise} while it was measured.",
        *_table(("bytes for an instance", "held", "of the disk"), _sizes(found.sizes)),
        *_table(("process", "CPU ms for an instance", "at rest, ms/s"), _cost(found.cost)),
        *_table(("process", "how many", "MB in all (PSS)", "MB of the largest alone (USS)"), _memory(found.memory)),
        *_table(("seconds until it works", "fresh", "after kill -9 of all"), _starts(found.first, found.again)),
    ]
    return "\n".join(parts) + "\n"


def _sizes(sizes: Mapping[str, Size]) -> Iterator[Sequence[str]]:
    for name, size in sizes.items():
        yield name, f"{size.held:,.0f}", f"{size.taken:,.0f}"


def _cost(cost: Round) -> Iterator[Sequence[str]]:
    for name in sorted(cost.cpu_ms, key=lambda name: -cost.cpu_ms[name]):
        yield name, f"{cost.cpu_ms[name]:.2f}", f"{cost.idle_cpu_ms_per_second[name]:.0f}"
    yield "all", f"{cost.total_cpu_ms:.2f}", f"{cost.total_idle:.0f}"


def _memory(memory: Mapping[str, Memory]) -> Iterator[Sequence[str]]:
    for name, one in sorted(memory.items(), key=lambda item: -item[1].shared_fairly):
        yield name, str(one.processes), f"{one.shared_fairly / MB:.0f}", f"{one.largest_private / MB:.0f}"
    yield "all", str(sum(one.processes for one in memory.values())), _total(memory), ""


def _total(memory: Mapping[str, Memory]) -> str:
    return f"{sum(one.shared_fairly for one in memory.values()) / MB:.0f}"


def _starts(first: Start, again: Start) -> Iterator[Sequence[str]]:
    for name in sorted(first.ready, key=lambda name: first.ready[name]):
        yield name, f"{first.ready[name]:.1f}", f"{again.ready[name]:.1f}" if name in again.ready else ""
    yield "all", f"{first.seconds:.1f}", f"{again.seconds:.1f}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"\n| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    yield from (f"| {' | '.join(row)} |" for row in rows)


@click.command(help=__doc__)
@click.option("--count", default=200, show_default=True, help="Instances measured.")
@click.option("--warm-up", "warm", default=100, show_default=True, help="Instances sent before, and not measured.")
@click.option("--associations", default=4, show_default=True, help="Associations that send at the same time.")
def main(count: int, warm: int, associations: int) -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    try:
        found = run(count, warm, associations)
    except (Incomplete, StackError) as failed:
        click.echo(failed, err=True)
        sys.exit(1)
    finally:
        for folder in (HOME, FOLDER / "footprint-warm-up", FOLDER / "footprint-measured"):
            shutil.rmtree(folder, ignore_errors=True)
    text = page(found)
    (FOLDER / "footprint.md").write_text(text)
    (FOLDER / "footprint.json").write_text(json.dumps(found.as_json(), indent=2) + "\n")
    click.echo(text)


if __name__ == "__main__":
    main()
