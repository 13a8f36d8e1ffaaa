"""`make bench-receive`: what receiving costs, ours and others, on the same instances, in the same run."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from infra.local.layout import ROOT
from infra.local.stack import StackError
from tests.bench import instances, orthanc
from tests.bench.memory import filled
from tests.bench.receive import ours, peers, stock
from tests.bench.receive.door import Door
from tests.bench.receive.goals import goals
from tests.bench.receive.measured import (
    LOOP,
    ORTHANC,
    PYNETDICOM,
    RECEIVERS,
    S3,
    STORESCP,
    TREE,
    UNFLUSHED,
    Measured,
    Stock,
)
from tests.bench.receive.page import page
from tests.bench.report import machine
from tests.bench.side import Incomplete, Side, measure, warm_up

FOLDER = ROOT / "build" / "bench"
BATCHES = FOLDER / "batches"
WARM = 5
"""Times as many as are measured: for its first thousands of records the broker is busy with compiling its code."""
DOORS = FOLDER / "receivers"
"""What they keep, until all have been measured: ext4 passes over the inodes of files that were deleted in the last
minutes when it makes one, at 0.1 ms and more for each file."""
STOCK = (TREE, S3, LOOP, STORESCP)
"""Whom storescu sends to."""

console = Console(width=None if sys.stdout.isatty() else 120)


@dataclass(slots=True)
class Run:
    """One run, and what has come of it. `numbers`: of associations, each measured with a batch of its own."""

    count: int
    numbers: Sequence[int]
    measured: list[Measured] = field(default_factory=list)
    stock: list[Stock] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def batches(self) -> dict[str, int]:
        """Names and sizes of all batches: no instance is sent to a receiver twice."""
        own = {f"{way}-{number}": self.count for number in self.numbers for way in ("dicom", "stow")}
        warm = {"dicom-warm": WARM * self.count, "stow-warm": self.count}
        return own | warm | {"stock-0": self.count, "stock-1": self.count}

    def make(self) -> None:
        """Write the instances, in as many series as there are associations."""
        shutil.rmtree(BATCHES, ignore_errors=True)
        for name, count in self.batches().items():
            instances.make(BATCHES / name, name, count, series=max(instances.SERIES, *self.numbers))

    def turn(self, number: int, receivers: Sequence[str]) -> None:
        """All receivers once, one after the other."""
        for name in receivers:
            console.print(f"[dim]turn {number}, {name}: starts[/]")
            with opened(name, max(self.numbers), DOORS / str(number)) as door:
                self._store(number, door)
                self._stow(number, door)
                self._stock(number, door)

    def _store(self, turn: int, door: Door) -> None:
        warm_up(door, BATCHES / "dicom-warm", max(self.numbers))
        for number in self.numbers:
            self._take(Measured(turn, "C-STORE", number, measure(door, BATCHES / f"dicom-{number}", number)))

    def _stow(self, turn: int, door: Door) -> None:
        if door.stow is None:
            self._leave_out(door.name)
            return
        command = partial(posting, door)
        warm_up(door, BATCHES / "stow-warm", max(self.numbers), command)
        for number in self.numbers:
            self._take(Measured(turn, "STOW-RS", number, measure(door, BATCHES / f"stow-{number}", number, command)))

    def _stock(self, turn: int, door: Door) -> None:
        if door.name not in STOCK:
            return
        for no_delay in (False, True):
            rate = stock.per_second(door, BATCHES / f"stock-{no_delay:d}", no_delay=no_delay)
            self.stock.append(Stock(turn, door.name, no_delay, rate))

    def _take(self, one: Measured) -> None:
        self.measured.append(one)
        console.print(
            f"{one.receiver}, {one.way} over {one.associations}: {one.per_second:.0f}/s, "
            f"{one.cpu_ms('receiver') or 0:.2f} ms of CPU each"
        )

    def _leave_out(self, receiver: str) -> None:
        reason = f"STOW-RS of {receiver}: it has no port for it"
        if receiver in (TREE, UNFLUSHED, S3, ORTHANC) and reason not in self.left_out:
            self.left_out.append(reason)


def posting(door: Door, _: Side, folder: Path, connections: int) -> list[str]:
    """Who sends by STOW-RS."""
    options = ["--url", door.stow or "", "--token", door.token, "--connections", str(connections)]
    return [sys.executable, "-m", "tests.bench.receive.stow_sender", str(folder), *options]


def opened(name: str, associations: int, folder: Path) -> AbstractContextManager[Door]:
    """That receiver, fresh, in a folder of its own in `folder`.

    It has places for twice as many: who has just gone may still be counted.
    """
    places = 2 * associations
    makers: dict[str, Callable[[], AbstractContextManager[Door]]] = {
        TREE: lambda: ours.running(folder / "tree", TREE, "tree", places),
        UNFLUSHED: lambda: ours.running(folder / "unflushed", UNFLUSHED, "tree", places, broker_flushes=False),
        S3: lambda: ours.running(folder / "s3", S3, "s3", places),
        LOOP: lambda: peers.loop_running(folder / "loop"),
        ORTHANC: lambda: peers.orthanc_running(folder / "orthanc", places),
        PYNETDICOM: lambda: peers.pynetdicom_running(folder / "pynetdicom", places),
        STORESCP: lambda: peers.storescp_running(folder / "storescp"),
    }
    return makers[name]()


def there(name: str) -> bool:
    """Whether that receiver can be started here."""
    if name == ORTHANC:
        return orthanc.version() is not None
    return name != STORESCP or shutil.which("storescp") is not None


def turns(number: int, receivers: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Each turn, and who is when: first and last change places."""
    for turn in range(number):
        yield turn, receivers if turn % 2 == 0 else receivers[::-1]


@click.command(help=__doc__)
@click.option("--count", default=400, show_default=True, help="Instances for each number of associations.")
@click.option("--associations", "numbers", default="1,4,16,64", show_default=True, help="Numbers of associations.")
@click.option("--turns", "rounds", default=2, show_default=True, help="How often all receivers are measured.")
@click.option("--only", multiple=True, type=click.Choice(RECEIVERS), help="These receivers; may be given repeatedly.")
def main(count: int, numbers: str, rounds: int, only: tuple[str, ...]) -> None:
    run = Run(count, [int(number) for number in numbers.split(",")])
    wanted = only or RECEIVERS
    receivers = [name for name in wanted if there(name)]
    run.left_out += [f"{name}: it is not installed" for name in wanted if name not in receivers]
    run.make()
    try:
        with filled(FOLDER):
            for turn, in_order in turns(rounds, receivers):
                run.turn(turn, in_order)
    except (Incomplete, StackError) as failed:
        console.print(f"[red]{failed}[/]")
        sys.exit(1)
    finally:
        for kept in (BATCHES, DOORS):
            shutil.rmtree(kept, ignore_errors=True)
    write(run, about(run, rounds))


def about(run: Run, rounds: int) -> dict[str, Any]:
    """Where and how it was measured."""
    return {
        "instances": f"{run.count} of 0.53 MB each time",
        "turns": rounds,
        "Orthanc": orthanc.version(),
        "pynetdicom": version("pynetdicom"),
        **{name: value for name, value in machine().items() if name != "load_average"},
    }


def write(run: Run, conditions: dict[str, Any]) -> None:
    """Page and numbers, into `build/bench`, and the page on the screen."""
    reached = goals(run.measured, run.stock)
    text = page(run.measured, run.stock, reached, conditions, run.left_out)
    (FOLDER / "receive.md").write_text(text)
    report = {
        "conditions": conditions,
        "left_out": run.left_out,
        "measured": [one.as_json() for one in run.measured],
        "stock_storescu": [asdict(one) for one in run.stock],
        "goals": [asdict(goal) for goal in reached],
    }
    (FOLDER / "receive.json").write_text(json.dumps(report, indent=2) + "\n")
    click.echo(text)
    console.print(f"written to {(FOLDER / 'receive.md').relative_to(ROOT)} and receive.json beside it")


if __name__ == "__main__":
    main()
