"""What the demo shows: progress while it runs, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath

from rich.console import Console, JustifyMethod
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from infra.demo.books import FileEnd, Problem, Report
from infra.demo.run import Tally
from infra.demo.web import Study

EVERY = 2.0
"""Seconds between lines of progress where there is no terminal."""

MOST_STUDIES = 15
COLOURS = {
    "clean": "green",
    "quarantined": "yellow",
    "rejected": "yellow",
    "dead_lettered": "bold red",
    "in_flight": "bold red",
    "lost": "bold red",
    "refused": "red",
    "not_sent": "magenta",
    "duplicates": "cyan",
    "not_dicom": "dim",
}
"""Outcomes in the order in which they are listed."""


def steps(now: Tally) -> dict[str, tuple[int, int]]:
    """Done and to do of each bar; each one's total follows from the bar above."""
    return {
        "sent": (now.sent, now.sendable),
        "received": (now.received, max(now.expected, now.received)),
        "anonymised": (now.anonymised, now.received - now.held),
        "indexed": (now.indexed, now.anonymised - now.rejected),
        "thumbnailed": (now.thumbnailed, now.indexed),
    }


class Screen:
    """One console, with a terminal or without."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def say(self, text: str, style: str = "") -> None:
        self.console.print(text, style=style, highlight=False, soft_wrap=True)

    def head(self, text: str) -> None:
        self.console.print()
        self.console.print(text, style="bold", highlight=False)

    @contextmanager
    def progress(self) -> Iterator[Bars | Lines]:
        """Bars on a terminal, a line now and then elsewhere."""
        if not self.console.is_terminal:
            lines = Lines(self.console)
            yield lines
            lines.tell()
            return
        columns = (TextColumn("{task.description:>12}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console) as progress:
            yield Bars(progress)

    def outcomes(self, report: Report) -> None:
        """Where every file ended, grouped: not one line for each."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        rows = grouped(report.files)
        # Only the example gives way on a narrow screen.
        widest = max((len(reason) for _, _, reason, _ in rows), default=0)
        for title, least in (("ended as", 13), ("files", 5), ("by", 11), ("because", widest), ("for example", 0)):
            justify: JustifyMethod = "right" if title == "files" else "left"
            table.add_column(title, justify=justify, min_width=least or None, no_wrap=True, overflow="ellipsis")
        for outcome, stage, reason, ends in rows:
            colour = COLOURS.get(outcome, "")
            example = Text(PurePath(ends[0].path).name, "dim")
            table.add_row(Text(outcome.replace("_", " "), style=colour), str(len(ends)), stage, reason, example)
        self.console.print(table)

    def counts(self, report: Report) -> None:
        c = report.counts()
        self.say(
            f"{c['found']} files found = {c['not_dicom']} not DICOM + {c['not_sent']} not sent + {c['refused']} refused"
            f" + {c['duplicates']} duplicates + {c['received']} received"
        )
        self.say(
            f"{c['received']} received = {c['clean']} clean + {c['quarantined']} quarantined + {c['rejected']} rejected"
            f" + {c['dead_lettered']} dead-lettered + {c['in_flight']} in flight"
        )
        self.say(
            f"{c['clean']} clean = {c['indexed']} in the index = {c['thumbnailed']} with a picture"
            f" + {c['no_picture']} without"
        )

    def rates(self, report: Report) -> None:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("stage")
        for title in ("instances", "seconds", "per second"):
            table.add_column(title, justify="right")
        for stage, rate in report.rates.items():
            table.add_row(stage, str(rate.instances), f"{rate.seconds:.1f}", f"{rate.per_second or '-'}")
        self.console.print(table)

    def studies(self, studies: Sequence[Study]) -> None:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for title in ("date", "patient", "modality", "series", "images", "study"):
            table.add_column(title, justify="right" if title in ("series", "images") else "left", no_wrap=True)
        for study in studies[:MOST_STUDIES]:
            date = f"{study.date[:4]}-{study.date[4:6]}-{study.date[6:]}" if len(study.date) == 8 else "-"
            row = (date, study.patient, study.modalities, str(study.series), str(study.instances), study.uid)
            table.add_row(*row)
        self.console.print(table)
        if len(studies) > MOST_STUDIES:
            self.say(f"and {len(studies) - MOST_STUDIES} more", "dim")

    def problems(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            self.say(f"does not hold: {problem.rule}", "bold red")
            for path in problem.files:
                self.say(f"  {path}")


def grouped(ends: Sequence[FileEnd]) -> list[tuple[str, str, str, list[FileEnd]]]:
    """Files by outcome, stage and reason, in the order of COLOURS, the largest group first."""
    groups: dict[tuple[str, str, str], list[FileEnd]] = {}
    for end in ends:
        without = f"no picture: {end.no_picture}" if end.outcome == "clean" and end.no_picture else ""
        stage = "" if end.outcome == "clean" else end.stage or ""
        groups.setdefault((end.outcome, stage, end.reason or without), []).append(end)
    order = list(COLOURS)
    ranked = sorted(groups.items(), key=lambda item: (order.index(item[0][0]), -len(item[1]), item[0]))
    return [(outcome, stage, reason, members) for (outcome, stage, reason), members in ranked]


class Bars:
    """Progress on a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, now: Tally) -> None:
        for name, (done, total) in steps(now).items():
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(name, total=None)
            self._progress.update(self._tasks[name], completed=done, total=total)


class Lines:
    """Progress in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = time.monotonic()
        self._began = self._told
        self._now: Tally | None = None

    def __call__(self, now: Tally) -> None:
        self._now = now
        if time.monotonic() - self._told >= EVERY:
            self.tell()

    def tell(self) -> None:
        self._told = time.monotonic()
        if self._now is not None:
            told = "  ".join(f"{name} {done}/{total}" for name, (done, total) in steps(self._now).items())
            self._console.print(f"{self._told - self._began:5.0f} s  {told}", highlight=False, soft_wrap=True)
