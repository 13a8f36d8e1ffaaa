"""`isocentre anonymise`: files and folders, without any service."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from infra.alone.files import inputs, within
from infra.alone.processes import lines
from infra.alone.report import Report
from infra.alone.work import Job, Line
from infra.cli.terminal import console, refuse
from services.anonymiser.profile.load import BadProfile, load, texts
from shared.dicom.keys import KeyRing
from shared.misconfigured import Misconfigured
from shared.private_file import read_private

WITHOUT_KEY = "basic"
MOST_SHOWN = 400
_SITE = "local"


@click.command()
@click.argument("given", metavar="IN", type=click.Path(exists=True, path_type=Path))
@click.argument("output", metavar="OUT", type=click.Path(file_okay=False, path_type=Path))
@click.option("--profile", "name", required=True, help="Name of a profile; see isocentre profile list.")
@click.option(
    "--profiles", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of own profiles."
)
@click.option("--key", "key_file", type=click.Path(path_type=Path), help="The project's key (isocentre key new).")
@click.option("--site", default=_SITE, show_default=True, help="Patient IDs are unique within it.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes.")
@click.option(
    "--report", "report_file", type=click.Path(path_type=Path), help="A line of JSON for each file (new, 0600)."
)
@click.option(
    "--dry-run", is_flag=True, help="Write no object; show what would change, with values: for your eyes only."
)
def anonymise(
    given: Path,
    output: Path,
    name: str,
    profiles: Path | None,
    key_file: Path | None,
    site: str,
    jobs: int,
    report_file: Path | None,
    dry_run: bool,
) -> None:
    """De-identify the file or folder IN to OUT/study/series/instance.dcm, with the services' engine and gate.

    Nothing is overwritten; what is quarantined or rejected is not written, and the report says why. Exits 0 when every
    file has an outcome, 2 for bad usage.
    """
    if given.is_dir() and within(output, given):
        refuse("OUT lies within IN: results would be taken for input")
    if report_file is not None:
        for place, folder in (("IN", given), ("OUT", output)):
            if within(report_file, folder):
                refuse(f"the report lies within {place}: it belongs beside the originals, and is none of them")
    job = _job(name, profiles, key_file, site, None if dry_run else output)
    changed: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], tuple[str, str | None]] = {}
    try:
        with Report(report_file) as report:
            for line in _shown(job, given, jobs):
                report.add(line)
                for change in line.changes:
                    changed[change.attribute, change.why] += 1
                    examples.setdefault((change.attribute, change.why), (change.before, change.after))
    except FileExistsError:
        refuse(f"{report_file} is there already")
    except OSError as failed:
        refuse(f"the report cannot be written: {failed.strerror}")
    screen = console()
    if dry_run:
        screen.print(_changes(changed, examples))
    screen.print(_summary(report.counts))


def _job(name: str, profiles: Path | None, key_file: Path | None, site: str, output: Path | None) -> Job:
    try:
        available = texts(profiles)
        load(name, available)
        if key_file is not None:
            ring = read_private(key_file)
            KeyRing.parse(ring)
        elif name == WITHOUT_KEY:
            ring = KeyRing.new().dumps()
            click.echo("no --key: a fresh one, used once; another run gives other pseudonyms", err=True)
        else:
            refuse(f"profile {name} needs --key FILE; make one with: isocentre key new --key FILE --project NAME")
    except (BadProfile, Misconfigured) as bad:
        refuse(str(bad))
    return Job(name, tuple(sorted(available.items())), ring, site, None if output is None else str(output))


def _shown(job: Job, given: Path, jobs: int) -> Iterator[Line]:
    """The lines, with a bar on a terminal."""
    paths = list(inputs(given))
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    ) as progress:
        task = progress.add_task("files", total=len(paths))
        for line in lines(job, paths, jobs):
            progress.advance(task)
            yield line


def _summary(counts: Counter[tuple[str, str]]) -> Table:
    table = Table(title=f"{counts.total()} files")
    for column in ("outcome", "reason", "files"):
        table.add_column(column, justify="right" if column == "files" else "left")
    for (outcome, reason), number in sorted(counts.items()):
        table.add_row(outcome, reason, str(number))
    return table


def _changes(changed: Counter[tuple[str, str]], examples: dict[tuple[str, str], tuple[str, str | None]]) -> Table:
    table = Table(title="What would change", show_lines=False)
    for column in ("attribute", "files", "example", "would be", "why"):
        table.add_column(column, justify="right" if column == "files" else "left", overflow="fold")
    for (attribute, why), number in sorted(changed.items())[:MOST_SHOWN]:
        before, after = examples[attribute, why]
        table.add_row(attribute, str(number), before, "(removed)" if after is None else after, why)
    if len(changed) > MOST_SHOWN:
        table.caption = f"and {len(changed) - MOST_SHOWN} more"
    return table
