"""What was measured, as JSON and on the screen."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import mean
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.isocentre import OURS
from tests.bench.side import Round

CAVEATS = (
    (
        "Durability: Orthanc syncs every file before it answers, and so do we with the tree; our S3 server never does, "
        "and the receiver has to be told to accept that."
    ),
    (
        "The job differs in detail: our copies are also validated, traced and counted, our pictures kept; Orthanc's "
        "pictures are only handed out, its copies are made and fetched over REST."
    ),
    "Orthanc's REST driver, the sender and the reader that watches our topics are not part of the totals.",
    "CPU includes what processes do at rest and what trails 2 s behind the last instance.",
    "Wall clocks on a machine with other work are noisy; trust CPU and the ratios of neighbouring rounds.",
)


def machine() -> dict[str, Any]:
    """Where this was measured."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(": ")[2] for line in cpuinfo.splitlines() if line.startswith("model name")), "unknown")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }


def of_side(rounds: Sequence[Round], side: str) -> list[Round]:
    return [one for one in rounds if one.side == side]


def ratios(rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Ours to Orthanc's, for each pair of neighbouring rounds."""
    pairs = [pair for side in OURS for pair in zip(of_side(rounds, side), of_side(rounds, "orthanc"), strict=False)]
    return [
        {
            "side": ours.side,
            "instances_per_second": round(ours.per_second / theirs.per_second, 3),
            "cpu_ms_per_instance": round(ours.total_cpu_ms / theirs.total_cpu_ms, 3),
        }
        for ours, theirs in pairs
    ]


def as_json(rounds: Sequence[Round], conditions: Mapping[str, Any]) -> dict[str, Any]:
    """The whole report."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "isocentre": version("isocentre"),
        "machine": machine(),
        "conditions": dict(conditions),
        "rounds": [one.as_json() for one in rounds],
        "ratios_isocentre_to_orthanc": ratios(rounds),
        "caveats": list(CAVEATS),
    }


def show(console: Console, rounds: Sequence[Round]) -> None:
    """Tables: speed and ratio by round, then cost by process."""
    console.print(_speed(rounds))
    for side in (*OURS, "orthanc"):
        if of_side(rounds, side):
            console.print(_cost(of_side(rounds, side), side))
    for ratio in ratios(rounds):
        console.print(
            f"{ratio['side']} / orthanc: [bold]{ratio['instances_per_second']:.2f}[/] of its instances/s, "
            f"[bold]{ratio['cpu_ms_per_instance']:.2f}[/] of its CPU per instance"
        )
    for caveat in CAVEATS:
        console.print(f"[dim]· {caveat}[/]")


def _speed(rounds: Sequence[Round]) -> Table:
    table = Table(title="Whole job: from the first C-STORE to the last instance indexed, stored clean and pictured")
    for column in ("round", "instances", "s", "instances/s", "C-STORE p50 / p99 ms", "CPU ms each", "other work"):
        table.add_column(column, justify="left" if column == "round" else "right")
    for one in rounds:
        table.add_row(
            one.side,
            str(one.count),
            f"{one.seconds:.1f}",
            f"[bold]{one.per_second:.1f}[/]",
            f"{one.store_median_ms:.1f} / {one.store_p99_ms:.1f}",
            f"[bold]{one.total_cpu_ms:.1f}[/]",
            f"{one.others_cores:.2f} cores",
        )
    return table


def _cost(rounds: Sequence[Round], side: str) -> Table:
    table = Table(title=f"{side}: CPU, mean of {len(rounds)}")
    table.add_column("process")
    table.add_column("ms per instance", justify="right")
    table.add_column("at rest, ms/s", justify="right", style="dim")
    at_rest = {name: mean(one.idle_cpu_ms_per_second[name] for one in rounds) for name in rounds[0].cpu_ms}
    each = {name: mean(one.cpu_ms[name] for one in rounds) for name in rounds[0].cpu_ms}
    for name in sorted(each, key=lambda name: -each[name]):
        table.add_row(name, f"{each[name]:.2f}", f"{at_rest[name]:.1f}")
    table.add_section()
    table.add_row("total", f"[bold]{sum(each.values()):.2f}[/]", f"{sum(at_rest.values()):.1f}")
    table.add_section()
    for name in rounds[0].beside_cpu_ms:
        table.add_row(f"[dim]{name} (apart)[/]", f"[dim]{mean(one.beside_cpu_ms[name] for one in rounds):.2f}[/]", "")
    return table
