"""`make bench`: the whole job on our stack and on Orthanc, on the same instances, in the same run."""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import click
from rich.console import Console

from infra.local.layout import ROOT
from infra.local.stack import StackError
from infra.local.state import StoreWay
from tests.bench import instances, isocentre, orthanc, report
from tests.bench.isocentre import OURS
from tests.bench.memory import filled
from tests.bench.side import Incomplete, Round, Side, measure, warm_up

FOLDER = ROOT / "build" / "bench"
SIDES = FOLDER / "sides"
"""What they keep, until all have been measured: where many files were deleted lately ext4 is slow to make others."""
STORES = tuple(OURS.values())

console = Console(width=None if sys.stdout.isatty() else 120)


def order(rounds: int, sides: tuple[str, ...]) -> Iterator[str]:
    """All sides in each round, first and last in turn: the machine's mood changes while we measure."""
    for number in range(rounds):
        yield from (sides if number % 2 == 0 else sides[::-1])


def fresh(side: str, folder: Path) -> AbstractContextManager[Side]:
    """That system, for the length of a block, with its files in `folder`."""
    return orthanc.running(folder) if side == "orthanc" else isocentre.running(folder, OURS[side])


def run(side: str, associations: int, folder: Path) -> Round:
    """One round on a fresh system."""
    console.print(f"[dim]{side}: starts[/]")
    with fresh(side, folder) as system:
        warm_up(system, FOLDER / "warm-up", associations)
        measured = measure(system, FOLDER / "instances", associations)
    console.print(f"{side}: {measured.per_second:.1f} instances/s, {measured.total_cpu_ms:.1f} ms of CPU each")
    return measured


@click.command(help=__doc__)
@click.option("--count", default=400, show_default=True, help="Instances measured in a round.")
@click.option("--warm-up", "warm", default=400, show_default=True, help="Instances sent before, and not measured.")
@click.option("--rounds", default=2, show_default=True, help="How often both are measured.")
@click.option("--associations", default=4, show_default=True, help="Associations that send at the same time.")
@click.option("--skip-orthanc", is_flag=True, help="Only our side.")
@click.option("--store", "stores", multiple=True, default=STORES, show_default=True, type=click.Choice(STORES))
def main(
    count: int, warm: int, rounds: int, associations: int, skip_orthanc: bool, stores: tuple[StoreWay, ...]
) -> None:
    peer = None if skip_orthanc else orthanc.version()
    if peer is None and not skip_orthanc:
        console.print("[yellow]Orthanc is not installed (apt-get install orthanc): our side only[/]")
    for name, number in (("warm-up", warm), ("instances", count)):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        instances.make(FOLDER / name, name, number)
    ours = tuple(side for side, store in OURS.items() if store in stores)
    sides = (*ours, "orthanc") if peer else ours
    try:
        with filled(FOLDER):
            measured = [run(side, associations, SIDES / str(turn)) for turn, side in enumerate(order(rounds, sides))]
    except (Incomplete, StackError) as failed:
        console.print(f"[red]{failed}[/]")
        sys.exit(1)
    finally:
        for kept in (FOLDER / "warm-up", FOLDER / "instances", SIDES):
            shutil.rmtree(kept, ignore_errors=True)
    conditions = {"count": count, "warm_up": warm, "associations": associations, "orthanc": peer}
    written = FOLDER / "report.json"
    written.write_text(json.dumps(report.as_json(measured, conditions), indent=2) + "\n")
    report.show(console, measured)
    console.print(f"written to {_relative(written)}")


def _relative(path: Path) -> Path:
    return path.relative_to(ROOT)


if __name__ == "__main__":
    main()
