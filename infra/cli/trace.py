"""`isocentre trace`: the way of one instance, in the terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from infra.cli.terminal import console, fail
from infra.demo import web
from infra.demo.waterfall import Span, render
from infra.local import stack as local
from infra.local.layout import DEFAULT_HOME, ROOT
from infra.local.state import Stack

TRACE_ID = re.compile("[0-9a-f]{32}")
DEMO_HOME = ROOT / "build" / "demo" / "stack"
MOST_TRACES = 10
PLAIN_WIDTH = 140
"""Columns of a waterfall where there is no terminal to ask."""

NOT_UP, UNKNOWN, AWAY = 2, 3, 4
"""Exit codes."""


@click.command()
@click.argument("named", metavar="ID")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_HOME,
    help="The folder in which all of the stack lies.",
)
@click.option("--json", "as_json", is_flag=True, help="The spans as JSON.")
def trace(named: str, home: Path, as_json: bool) -> None:
    """Print the waterfall of ID: a trace id, an arrival, or a pseudonymous instance, series or study UID.

    Exits 2 when no stack is up, 3 when nothing of that id is known, 4 when gateway or trace store are away.
    """
    try:
        stack = _stack(home)
        found = _traces(stack, named.strip())
    except local.NotUp as missing:
        fail(f"{missing}; start one with: isocentre stack up", NOT_UP)
    except web.Unknown:
        fail(f"nothing is known of {named}: neither a trace nor an instance of ours", UNKNOWN)
    except web.Away as away:
        fail(str(away), AWAY)
    if as_json:
        click.echo(json.dumps({trace_id: [asdict(span) for span in spans] for trace_id, spans in found}, indent=1))
        return
    screen = console(PLAIN_WIDTH)
    for number, (trace_id, spans) in enumerate(found):
        if number:
            screen.print()
        screen.print(render(trace_id, spans, screen.width))
    if len(found) == MOST_TRACES:
        click.echo(f"only the newest {MOST_TRACES} are shown; name an instance or a trace for more", err=True)


def _stack(home: Path) -> Stack:
    try:
        return local.attach(home)
    except local.NotUp:
        if home != DEFAULT_HOME:
            raise
    # While a demo without KEEP=1 runs, its stack is the only one there is.
    try:
        return local.attach(DEMO_HOME)
    except local.NotUp:
        return local.attach(home)


def _traces(stack: Stack, named: str) -> Sequence[tuple[str, list[Span]]]:
    """The traces that `named` means, the newest first. Raises Unknown or Away."""
    if TRACE_ID.fullmatch(named.lower()):
        try:
            return [(named.lower(), web.trace(stack.trace_store_url, named.lower()))]
        except web.Unknown:
            pass  # an arrival's id may look the same
    gateway = stack.services["gateway"].http_url
    if gateway is None:
        raise web.Away("the stack has no gateway")
    return _known(stack, web.trace_ids(gateway, named))


def _known(stack: Stack, trace_ids: Sequence[str]) -> list[tuple[str, list[Span]]]:
    found = []
    for trace_id in trace_ids[:MOST_TRACES]:
        try:
            found.append((trace_id, web.trace(stack.trace_store_url, trace_id)))
        except web.Unknown:
            continue  # the trace store keeps the newest only, the journey stays
    if not found:
        raise web.Unknown
    return found
