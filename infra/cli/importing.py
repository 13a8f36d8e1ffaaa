"""`isocentre import`: folders, archives and file-sets, to a receiver."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from infra.cli.receiver_options import receiver, receiver_options
from infra.cli.terminal import PrivateFile, columns, console, refuse, stopped_by_signals
from infra.importing.archives import Limits
from infra.importing.entries import Source
from infra.importing.journal import Journal
from infra.importing.report import RESULTS, Report
from infra.importing.work import Job
from infra.sending.delivery import Patience
from infra.sending.way import NotLetIn
from shared.misconfigured import Misconfigured

LEFT = 1
"""Exit code."""
PLAIN_EVERY, BAR_EVERY = 10.0, 0.2
"""Seconds between what is said of the progress, on no terminal and on one."""


@click.command("import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@receiver_options
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Associations side by side.")
@click.option(
    "--journal", "journal_file", type=click.Path(dir_okay=False, path_type=Path), help="What was done so far."
)
@click.option("--dicomdir", is_flag=True, help="Of the folder SOURCE only what its DICOMDIR names.")
@click.option("--patience", type=click.FloatRange(0), default=300, show_default=True, help="Seconds without success.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The report, for a machine (0600: it names files).",
)
def import_(
    source: Path,
    jobs: int,
    journal_file: Path | None,
    dicomdir: bool,
    patience: float,
    json_file: Path | None,
    **to: Any,
) -> None:
    """Send all instances in the folder, ZIP archive or DICOMDIR SOURCE to a receiver, on the lane for bulk.

    What was acknowledged stands in the journal (isocentre-import/NAME.sqlite in the working directory, mode 0600; it
    names files): another run sends only what is missing. Exits 0 when nothing is left to be sent, 1 when something was
    refused or has failed, 2 for bad usage or when the receiver does not let us in.
    """
    warnings.simplefilter("ignore")  # pydicom's, of values that are nobody's business here
    target, told = receiver(**to), PrivateFile(json_file)
    report, stop = Report(), threading.Event()
    place = journal_file or Path("isocentre-import", f"{source.resolve().name or 'root'}.sqlite")
    try:
        journal = Journal(place, {"source": str(source.resolve()), "receiver": target.name})
    except Misconfigured as bad:
        refuse(str(bad))
    job = Job(target.way, journal, report, Patience(patience, stop), jobs)
    try:
        with stopped_by_signals(stop), _shown(report):
            job.run(Source(source, Limits(), dicomdir))
    except NotLetIn as not_let_in:
        refuse(f"the receiver does not let us in: {not_let_in}")
    finally:
        journal.close()
    _tell(report, place, interrupted=stop.is_set())
    told.write(report.told())
    sys.exit(0 if report.whole and not stop.is_set() else LEFT)


@contextmanager
def _shown(report: Report) -> Iterator[None]:
    """A bar on a terminal, else a line now and then."""
    over = threading.Event()
    on_terminal = sys.stderr.isatty()
    show = _bar if on_terminal else _lines
    thread = threading.Thread(target=show, args=(report, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _bar(report: Report, over: threading.Event) -> None:
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:  # fmt: skip
        task = progress.add_task("files", total=None)
        while not over.wait(BAR_EVERY):
            progress.update(task, description=_so_far(report), total=report.found, completed=report.counts.total())
        progress.update(task, description=_so_far(report), total=report.found, completed=report.counts.total())


def _lines(report: Report, over: threading.Event) -> None:
    while not over.wait(PLAIN_EVERY):
        click.echo(_so_far(report), err=True)


def _so_far(report: Report) -> str:
    left = report.total("refused") + report.total("failed")
    return f"{report.found} found, {report.total('sent')} sent, {left} refused or failed"


def _tell(report: Report, journal: Path, *, interrupted: bool) -> None:
    screen = console()
    table = columns("result", "reason", "files")
    for result in RESULTS:
        for (one, reason), number in sorted(report.counts.items()):
            if one == result:
                table.add_row(result.replace("not-dicom", "not DICOM"), reason or "-", str(number))
    screen.print(table)
    told = report.told()
    screen.print(f"{report.bytes / 1e6:.1f} MB in {report.seconds:.1f} s, {told['files_per_second']} files/s")
    for trouble in report.troubles:
        screen.print(f"{trouble.result} ({trouble.reason}): {trouble.key}", soft_wrap=True)
    screen.print(report.equation())
    if interrupted:
        screen.print(f"interrupted; the same command goes on from {journal}", soft_wrap=True)
