"""`python -m infra.demo`: a stack, a folder of files, and an account of where each one ended."""

from __future__ import annotations

import json
import logging
import shutil
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pydicom
from rich.console import Console

from infra.demo import contact_sheet, web
from infra.demo.books import Problem, check
from infra.demo.examination import Instance
from infra.demo.facts import Facts, Way
from infra.demo.run import Run, look, run
from infra.demo.screen import Screen
from infra.demo.waterfall import Span, render
from infra.demo.witness import bucket
from infra.local import stack as local
from infra.local.credentials import keep_private
from infra.local.layout import DEFAULT_HOME, ROOT, Home
from infra.local.state import Process, Stack
from shared.outcome import Failure

RESULTS = ROOT / "build" / "demo"
REPORT, SHEET = RESULTS / "report.json", RESULTS / "contact-sheet.png"
OWN_HOME = RESULTS / "stack"
WHEEL = Path(pydicom.__file__).parent / "data"

SPAN_LOOKS, SPAN_PAUSE = 5, 1.0
"""How often a trace is asked for until it is whole, and seconds between."""

MOST_PICTURES = 600
"""On the contact sheet: beyond that nobody looks, and the image would not fit into memory."""

PLAIN_WIDTH = 140
"""Columns where there is no terminal to ask."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--input",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=WHEEL,
    help="Any folder of files; without it, those inside the pydicom wheel.",
)
@click.option("--keep", is_flag=True, help="Leave the stack up.")
def demo(folder: Path, keep: bool) -> None:
    """Send files through the whole of Isocentre and account for every one."""
    # Both quote values of the files that they read.
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    terminal = sys.stdout.isatty()
    screen = Screen(Console(width=None if terminal else PLAIN_WIDTH))
    RESULTS.mkdir(parents=True, exist_ok=True)
    for stale in (REPORT, SHEET):
        stale.unlink(missing_ok=True)
    try:
        with _stack(screen, keep) as stack:
            problems = _demonstrate(screen, stack, folder)
            _whereabouts(screen, stack if _stays_up(stack, keep) else None)
    except (local.StackError, Failure) as failed:
        raise click.ClickException(str(failed) or type(failed).__name__) from failed
    if problems:
        screen.head("The books do not balance.")
        screen.problems(problems)
        sys.exit(1)


@contextmanager
def _stack(screen: Screen, keep: bool) -> Iterator[Stack]:
    """The stack that is up; else one that stays (`keep`); else a fresh one that ends with the demo."""
    try:
        stack = local.attach(DEFAULT_HOME)
    except local.NotUp:
        pass
    else:
        screen.say(f"Using the stack that is up in {_shown(DEFAULT_HOME)}.")
        yield stack
        return
    began = time.monotonic()
    screen.say("Starting Kafka, an S3 store, PostgreSQL, a trace store and eight services.")
    if keep:
        stack = local.start(DEFAULT_HOME, local.Choice(), lambda process: _started(screen, process, began))
        yield stack
        return
    if _is_up(OWN_HOME):
        raise local.StackError(f"another demo runs in {_shown(OWN_HOME)}; wait for its end")
    # Fresh each time, so that a second demo sends the same files again and finds no duplicates.
    shutil.rmtree(OWN_HOME, ignore_errors=True)
    with local.running(OWN_HOME) as stack:
        screen.say(f"Up in {time.monotonic() - began:.0f} s.")
        yield stack


def _is_up(home: Path) -> bool:
    try:
        local.attach(home)
    except local.NotUp:
        return False
    return True


def _started(screen: Screen, process: Process, began: float) -> None:
    if process.state == "ready":
        screen.say(f"  {time.monotonic() - began:4.0f} s  {process.name}", "dim")


def _stays_up(stack: Stack, keep: bool) -> bool:
    return keep or stack.home == Home(DEFAULT_HOME.resolve()).folder


def _demonstrate(screen: Screen, stack: Stack, folder: Path) -> list[Problem]:
    """The whole show; answers with what does not balance."""
    examined = look(folder)
    sendable = sum(isinstance(one, Instance) for one in examined)
    named = "the pydicom wheel" if folder == WHEEL else str(folder)
    told = f"{len(examined)} files in {named}, {sendable} of them DICOM with SOP Class and Instance UIDs"
    screen.say(f"{told}; sending as two sites.")
    with screen.progress() as show:
        done = run(stack, examined, show)
    keep_private(REPORT, json.dumps(done.report.as_json(), indent=1) + "\n")
    pictures = _draw(stack, done.facts)
    screen.head("Where every file ended")
    screen.outcomes(done.report)
    screen.counts(done.report)
    if done.report.rates:
        screen.head("Rates")
        screen.rates(done.report)
    _show_trace(screen, stack, done)
    _show_studies(screen, stack)
    screen.head("Where to look next")
    screen.say(f"  {_shown(REPORT)}  every file with its outcome, and all numbers")
    if pictures:
        screen.say(f"  {_shown(SHEET)}  {pictures} pictures")
    problems = list(check(done.report))
    if done.undecodable:
        problems.append(Problem(f"{done.undecodable} records on the topics are no events of ours", ()))
    return problems


def _draw(stack: Stack, facts: Facts) -> int:
    """Write the contact sheet; answers how many pictures are on it."""
    derived = bucket(stack, "derived")
    shown = [way for way in _clean(facts) if way.picture]
    pictures = [
        contact_sheet.Picture(derived.get(way.picture), way.modality or "no modality", way.origin[0])
        for way in shown[:MOST_PICTURES]
        if way.picture and way.origin and derived.exists(way.picture)
    ]
    if pictures:
        studies = len({way.study for way in shown})
        first = "the first " if len(shown) > MOST_PICTURES else ""
        subtitle = f"{first}{len(pictures)} pictures of de-identified instances from {studies} studies"
        contact_sheet.draw(pictures, subtitle).save(SHEET, optimize=True)
    return len(pictures)


def _clean(facts: Facts) -> Iterator[Way]:
    return (way for way in facts.ways() if (verdict := way.verdict) and verdict.outcome == "clean")


def _show_trace(screen: Screen, stack: Stack, done: Run) -> None:
    """The trace of the instance that took a middling time."""
    way = _typical(done.facts)
    if way is None or way.trace_id is None:
        return
    screen.head("One instance, from the association to the thumbnail")
    try:
        spans = _whole(stack.trace_store_url, way.trace_id)
    except (web.Away, web.Unknown) as missing:
        screen.say(str(missing) or "The trace store does not know it (yet).", "yellow")
        return
    screen.console.print(render(way.trace_id, spans, screen.console.width))


def _whole(trace_store_url: str, trace_id: str) -> list[Span]:
    """The trace once no more spans come: services export theirs twice a second."""
    spans = web.trace(trace_store_url, trace_id)
    for _ in range(SPAN_LOOKS):
        time.sleep(SPAN_PAUSE)
        before, spans = spans, web.trace(trace_store_url, trace_id)
        if len(spans) == len(before):
            break
    return spans


def _typical(facts: Facts) -> Way | None:
    complete = [way for way in _clean(facts) if way.settled and way.picture and way.trace_id]

    def took(way: Way) -> float:
        times = [when.timestamp() for when in way.reached.values()]
        return max(times) - min(times)

    ordered = sorted(complete, key=took)
    return ordered[len(ordered) // 2] if ordered else None


def _show_studies(screen: Screen, stack: Stack) -> None:
    url = stack.services["gateway"].http_url
    if url is None:
        return
    screen.head("Studies (QIDO-RS)")
    try:
        screen.studies(web.studies(url))
    except (web.Away, web.Unknown) as missing:
        screen.say(str(missing) or "The gateway has no list of studies.", "yellow")


def _whereabouts(screen: Screen, up: Stack | None) -> None:
    if up is None:
        screen.say("  make demo KEEP=1  the same, and leaves everything up to look at")
        return
    gateway = up.services["gateway"].http_url
    receiver = up.services["receiver"].dicom_port
    rows = (
        (f"{gateway}", "console, QIDO-RS and WADO-RS"),
        (f"{up.trace_store_url}", "traces (Zipkin); in the terminal: .venv/bin/isocentre trace ID"),
        (f"127.0.0.1:{receiver}", "DICOM: called ISOCENTRE, calling SITE_A or SITE_B"),
        (f"{up.kafka_bootstrap_servers}", "Kafka"),
        (f"{up.object_store.endpoint}", f"S3; credentials in {_shown(Home(up.home).state_file)}"),
        (f"{up.database.host}:{up.database.port}", "PostgreSQL"),
        (f"{_shown(Home(up.home).logs)}", "logs; stop everything with: make down"),
    )
    for address, what in rows:
        screen.say(f"  {address}  {what}")


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    demo()
