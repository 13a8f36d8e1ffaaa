"""`isocentre fetch`: studies from an archive, to a receiver."""

from __future__ import annotations

import logging
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from infra.cli.importing import LEFT
from infra.cli.receiver_options import Receiver, receiver, receiver_options
from infra.cli.terminal import PrivateFile, columns, console, refuse, stopped_by_signals
from infra.fetching.archive import Archive
from infra.fetching.declared import GetSource, MoveSource, Source, WebSource, read_source
from infra.fetching.dimse import Moving
from infra.fetching.getting import Getting
from infra.fetching.journal import Journal, Study
from infra.fetching.pace import Pace, Window
from infra.fetching.questions import BadQuestion, Question, by_day
from infra.fetching.report import Report, end_of
from infra.fetching.tables import Table, read_list, read_table
from infra.fetching.web import Web
from infra.fetching.work import Fetch, Found
from infra.sending.delivery import Patience
from infra.sending.way import NotLetIn
from shared.misconfigured import Misconfigured

MOST_SHOWN = 40
DAY = click.DateTime(["%Y-%m-%d", "%Y%m%d"])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("source")
@click.option("--sources", "sources_file", type=click.Path(path_type=Path), default="sources.yaml", show_default=True)
@click.option("--studies", type=FILE, help="Study Instance UIDs, one a line.")
@click.option("--csv", "table", type=FILE, help="A table: StudyInstanceUID, or AccessionNumber, or PatientID and date.")
@click.option("--from", "first", type=DAY, help="First study date.")
@click.option("--until", "last", type=DAY, help="Last study date; the first one unless given.")
@click.option("--modality", "modalities", multiple=True, help="With --from: only studies with it; may be repeated.")
@click.option("--per-minute", type=click.FloatRange(0, min_open=True), help="Studies a minute at most.")
@click.option("--per-second", type=click.FloatRange(0, min_open=True), help="Instances a second at most, on average.")
@click.option("--window", metavar="20:00-06:00", help="Ask for nothing outside of these hours (local time).")
@click.option("--tries", type=click.IntRange(1), default=3, show_default=True, help="Of each study in one run.")
@click.option("--patience", type=click.FloatRange(0), default=3600, show_default=True, help="Seconds without success.")
@click.option("--find-again", is_flag=True, help="Look up named studies anew, which an earlier run found.")
@click.option("--find-only", is_flag=True, help="Say what there is, and fetch nothing.")
@click.option(
    "--journal", "journal_file", type=click.Path(dir_okay=False, path_type=Path), help="What was done so far."
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="The report, for a machine (0600)."
)
@click.option("--quiet", is_flag=True, help="Name no study.")
@receiver_options
def fetch(
    source: str,
    sources_file: Path,
    per_minute: float | None,
    per_second: float | None,
    window: str | None,
    tries: int,
    patience: float,
    find_again: bool,
    find_only: bool,
    journal_file: Path | None,
    json_file: Path | None,
    quiet: bool,
    studies: Path | None,
    table: Path | None,
    first: datetime | None,
    last: datetime | None,
    modalities: tuple[str, ...],
    **to: Any,
) -> None:
    """Have studies sent from the archive SOURCE (a name in --sources, or the URL of a DICOMweb service) to a receiver.

    Say which by --studies, --csv or --from. A source of mode `move` sends by itself; what the others send is handed on
    to the receiver that --to names. The journal (isocentre-fetch/SOURCE.sqlite in the working directory, mode 0600) is
    of the identified side: it has study UIDs and what was asked for. Another run goes on from it. Exits 0 when every
    study came whole, 1 when something is left, 2 for bad usage or when the receiver does not let us in.
    """
    warnings.simplefilter("ignore")  # pydicom's, of values that are nobody's business here …
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # … and what it says of associations, we say
    stop = threading.Event()
    waits, told = Patience(patience, stop), PrivateFile(json_file)
    try:
        declared = read_source(source, sources_file)
        asked = _asked(studies, table, first, last, modalities, quiet)
        archive, about = _archive(declared, to, waits)
        hours = Window.parse(window) if window else None
        name = "web" if isinstance(declared, WebSource) and source == declared.url else re.sub(r"[^\w.-]", "_", source)
        journal = Journal(journal_file or Path("isocentre-fetch", f"{name}.sqlite"), {"source": source, **about})
    except (Misconfigured, BadQuestion) as bad:
        refuse(str(bad))
    pace = Pace(hours, per_minute, per_second, stop)
    job = Fetch(archive, journal, pace, waits, tries, _silent if quiet else _say, _say_closed)
    try:
        with stopped_by_signals(stop):
            found = job.find(_numbered(asked), find_again)
            if not find_only:
                job.retrieve(found)
        report = Report(found, journal.studies(list(found.uids)), _troubles(asked))
    except NotLetIn as not_let_in:
        refuse(f"the receiver does not let us in: {not_let_in}")
    finally:
        journal.close()
    _tell(report, journal.path, quiet=quiet, interrupted=stop.is_set())
    told.write(report.told())
    sys.exit(0 if (report.whole or find_only) and not stop.is_set() else LEFT)


Asked = Table | Sequence[Question]


def _asked(
    studies: Path | None,
    table: Path | None,
    first: datetime | None,
    last: datetime | None,
    modalities: tuple[str, ...],
    quiet: bool,
) -> Asked:
    """What is to be asked. Raises Misconfigured and BadQuestion."""
    if [studies, table, first].count(None) != 2:
        refuse("say which studies: one of --studies, --csv and --from")
    if first is None and (last or modalities):
        refuse("--until and --modality go with --from")
    if studies is not None:
        return read_list(studies)
    if table is not None:
        read = read_table(table)
        if not quiet:
            click.echo(f"columns: {', '.join(f'{name} is {meaning}' for name, meaning in read.columns.items())}")
        return read
    assert first is not None
    return list(by_day(_day(first), _day(last or first), modalities))


def _day(moment: datetime) -> date:
    return moment.date()


def _numbered(asked: Asked) -> Iterator[tuple[int, Question]]:
    if isinstance(asked, Table):
        return ((row.number, row.question) for row in asked.rows if row.question is not None)
    return enumerate(asked, start=1)


def _troubles(asked: Asked) -> dict[int, str]:
    return {row.number: row.trouble for row in asked.rows if row.trouble} if isinstance(asked, Table) else {}


def _archive(declared: Source, to: dict[str, Any], patience: Patience) -> tuple[Archive, dict[str, str]]:
    """The archive, and what a journal is bound to beside its name."""
    if isinstance(declared, MoveSource):
        return Moving(declared), {"receiver": declared.destination}
    target: Receiver = receiver(**to)
    make: Callable[[], Archive]
    if isinstance(declared, GetSource):
        make = lambda: Getting(declared, target.way, patience)  # noqa: E731
    else:
        make = lambda: Web(declared, target.way, patience)  # noqa: E731
    return make(), {"receiver": target.name}


def _say(study: Study) -> None:
    click.echo(f"{end_of(study)}: {study.uid}, {_of(study)}{f' ({study.reason})' if study.reason else ''}")


def _silent(study: Study) -> None:
    """Nobody is to see which."""


def _say_closed(seconds: float) -> None:
    click.echo(f"outside of the hours: waiting {seconds / 3600:.1f} hours", err=True)


def _of(study: Study) -> str:
    return f"{study.completed} of {'an unknown number' if study.expected is None else study.expected} instances"


def _tell(report: Report, journal: Path, *, quiet: bool, interrupted: bool) -> None:
    screen = console()
    others = [study for study in report.studies if end_of(study) != "complete"]
    if others and not quiet:
        shown = columns("study", "end", "expected", "received", "reason")
        for study in others[:MOST_SHOWN]:
            expected = "?" if study.expected is None else str(study.expected)
            shown.add_row(study.uid, end_of(study), expected, str(study.completed), study.reason or "-")
        screen.print(shown)
        if len(others) > MOST_SHOWN:
            screen.print(f"and {len(others) - MOST_SHOWN} more")
    for number, why in sorted(report.troubles.items())[:MOST_SHOWN]:
        screen.print(f"line {number} asks for nothing: {why}")
    found: Found = report.found
    for numbers, what in ((found.nothing, "name what the archive has not"), (found.unanswered, "were not answered")):
        if numbers:
            screen.print(
                f"{len(numbers)} questions {what}: {', '.join(map(str, numbers[:MOST_SHOWN]))}", soft_wrap=True
            )
    if found.unrelated:
        screen.print(f"{found.unrelated} studies that nobody had asked for were answered, and left where they are")
    screen.print(report.equation())
    if interrupted:
        screen.print(f"interrupted; the same command goes on from {journal}", soft_wrap=True)
