"""`make bench-deid`: identifiers with known truth through our tool and its peers, in the same run."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from infra.local.layout import ROOT
from tests.bench.deid import dataset, environment, report, runs, speed
from tests.bench.deid.score import Scored, score
from tests.bench.deid.wording import FIRST, WORDINGS
from tests.bench.report import machine

TOOLS = ("ours", *environment.PEERS)
console = Console(width=None if sys.stdout.isatty() else 140)


@click.command(help=__doc__)
@click.option("--seed", default=20_260, show_default=True, help="Another seed, another data set.")
@click.option("--patients", default=40, show_default=True)
@click.option("--tools", default=",".join(TOOLS), show_default=True, help="Which of these, in this order.")
@click.option(
    "--phrases",
    default=FIRST.name,
    show_default=True,
    type=click.Choice(tuple(WORDINGS)),
    help="What it is worded with. Of a set held out the score is told, and decides nothing.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for all of it; by default build/bench-deid, for phrases held out build/bench-deid-held-out.",
)
@click.option("--profile", default=runs.PROFILE, show_default=True, help="Ours.")
@click.option("--keep", is_flag=True, help="Score the data set and outputs that are there, and make nothing.")
@click.option(
    "--speed/--no-speed", "measure", default=True, show_default=True, help="Measure the header pass and more."
)
def main(
    seed: int, patients: int, tools: str, phrases: str, out: Path | None, profile: str, keep: bool, measure: bool
) -> None:
    chosen, out, wording = tools.split(","), (out or _folder(phrases)).resolve(), WORDINGS[phrases]
    if unknown := [tool for tool in chosen if tool not in TOOLS]:
        raise click.UsageError(f"no tool called {', '.join(unknown)}; there are {', '.join(TOOLS)}")
    if not wording.there:
        raise click.UsageError(f"there are no {phrases} phrases: {wording.folder} has none")
    if not keep:
        console.print(f"[dim]makes the data set of seed {seed}, worded with the {phrases} phrases[/]")
        dataset.make(out / "data", seed=seed, patients=patients, wording=wording)
    conditions = _conditions(out)
    results = [_one(tool, out / "data", profile, keep=keep) for tool in chosen]
    conditions["instances"] = len(results[0][1].instances)
    written: dict[str, Any] = {"conditions": conditions | machine()}
    written["tools"] = [report.as_json(run, scored) for run, scored in results]
    text = report.markdown(results, conditions)
    _write(out, written, text)
    _show(results)
    if measure:
        written["speed"] = _measured(out, chosen, profile)
        _write(out, written, text + "\n" + speed.markdown(written["speed"]))
    console.print(f"written to {out / 'report.md'} and results.json")
    sys.exit(_judged(results, deciding=conditions["phrases"] == FIRST.told))


def _folder(phrases: str) -> Path:
    return ROOT / "build" / ("bench-deid" if phrases == FIRST.name else f"bench-deid-{phrases}")


def _conditions(out: Path) -> dict[str, Any]:
    try:
        return dataset.conditions(out / "data")
    except FileNotFoundError:
        raise click.UsageError(f"no data set to keep in {out}") from None


def _write(out: Path, written: dict[str, Any], text: str) -> None:
    (out / "results.json").write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / "report.md").write_text(text, encoding="utf-8")


def _measured(out: Path, chosen: list[str], profile: str) -> dict[str, Any]:
    console.print("[dim]measures speed[/]")
    try:
        return speed.measure(out, chosen, profile)
    except (runs.Failed, environment.NoEnvironment, subprocess.CalledProcessError) as failed:
        console.print(f"[red]{failed}; the scores are in {out}[/]")
        sys.exit(1)


def _one(tool: str, folder: Path, profile: str, *, keep: bool) -> tuple[runs.Run, Scored]:
    name = runs.OURS if tool == "ours" else tool
    console.print(f"[dim]{name} works[/]")
    try:
        run = runs.found(name, folder) if keep else runs.run(name, folder, profile)
    except (runs.Failed, environment.NoEnvironment, subprocess.CalledProcessError, FileNotFoundError) as failed:
        console.print(f"[red]{name}: {failed}[/]")
        sys.exit(1)
    return run, score(folder, run.outputs)


def _show(results: list[tuple[runs.Run, Scored]]) -> None:
    table = Table(title="Actions carried out, in per cent")
    for column in ("action", "checks", *(run.tool for run, _ in results)):
        table.add_column(column, justify="left" if column == "action" else "right")
    found = [report.rates(scored) for _, scored in results]
    for name, rate in found[0].items():
        table.add_row(name, str(rate.checks), *(one[name].told() for one in found))
    table.add_row("files without output", "", *(str(len(scored.held)) for _, scored in results))
    console.print(table)


def _judged(results: list[tuple[runs.Run, Scored]], *, deciding: bool = True) -> int:
    """1 when ours misses a floor, each of which is told; without `deciding` they are only told."""
    below = [one for run, scored in results if run.tool == runs.OURS for one in report.missed(scored)]
    for one in below:
        console.print(f"[red]floor missed: {one}[/]")
    return 1 if below and deciding else 0


if __name__ == "__main__":
    main()
