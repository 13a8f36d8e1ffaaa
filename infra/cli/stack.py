"""`isocentre stack`: the stack on this machine, for people."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
from rich.table import Table

from infra.cli.terminal import columns, console
from infra.local import state
from infra.local.layout import DEFAULT_HOME, Home
from infra.local.ownership import supervisor_pid
from infra.local.plan import home_of
from infra.local.services import parse_settings
from infra.local.stack import Choice, StackError
from infra.local.stack import start as start_stack
from infra.local.stack import stop as stop_stack
from infra.local.state import Process, Stack, StoreWay


def home_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--home`, which all commands take."""
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        default=DEFAULT_HOME,
        help="The folder in which all of the stack lies.",
    )(command)


@click.group()
def stack() -> None:
    """The local stack: Kafka, object store, database, trace store and our services."""


@stack.command()
@home_option
@click.option("--without-services", is_flag=True, help="Only Kafka, object store, database and trace store.")
@click.option("--only", metavar="NAMES", help="A comma-separated choice of processes.")
@click.option(
    "--store",
    type=click.Choice(get_args(StoreWay)),
    default="tree",
    help="How services write objects: as files, on the disk when done, or by the S3 server, which never syncs.",
)
@click.option("--set", "pairs", multiple=True, metavar="SERVICE.NAME=VALUE", help="One more setting for a service.")
@click.option("--no-broker-flush", is_flag=True, help="Let a power cut take what Kafka has acknowledged (ADR 0016).")
def up(
    home: Path,
    without_services: bool,
    only: str | None,
    store: StoreWay,
    pairs: tuple[str, ...],
    no_broker_flush: bool,
) -> None:
    """Start the stack and leave it running."""
    began = time.monotonic()
    try:
        choice = Choice(
            services=not without_services,
            only=tuple(only.split(",")) if only else (),
            settings=parse_settings(pairs),
            store=store,
            broker_flushes=not no_broker_flush,
        )
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--set") from error
    if supervisor_pid(home_of(home)):
        click.echo("the stack is up already", err=True)

    def changed(process: Process) -> None:
        if process.state not in ("waiting", "stopped"):
            click.echo(f"[{time.monotonic() - began:5.1f} s] {process.name}: {process.state}", err=True)

    try:
        started = start_stack(home, choice, changed)
    except StackError as error:
        raise click.ClickException(str(error)) from error
    _print_addresses(started)


@stack.command()
@home_option
def down(home: Path) -> None:
    """Stop the stack; its data stay."""
    try:
        stopped = stop_stack(home)
    except StackError as error:
        raise click.ClickException(str(error)) from error
    click.echo("stopped" if stopped else "nothing was up")


@stack.command()
@home_option
@click.option("--json", "as_json", is_flag=True, help="The whole of stack.json, credentials included.")
def status(home: Path, as_json: bool) -> None:
    """Show each process: its state, pid, restarts and address. Exits 1 when the stack is not up."""
    place = home_of(home)
    alive = supervisor_pid(place) is not None
    found = _read(place)
    if found is None:
        click.echo("nothing was ever started here", err=True)
    elif as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        click.echo(f"{found.state if alive else 'not up'}  {place.state_file}")
        console().print(_table(found, alive=alive))
    sys.exit(0 if alive else 1)


@stack.command()
@home_option
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as the log grows.")
def logs(home: Path, service: str | None, follow: bool) -> None:
    """Print the log of one process, or the end of all."""
    place = home_of(home)
    files = [place.log(service)] if service else sorted(place.logs.glob("*.log"))
    if not files or not files[0].exists():
        known = ", ".join(sorted(file.stem for file in place.logs.glob("*.log")))
        raise click.ClickException(f"no such log; there are: {known or 'none'}")
    lines = "+1" if service else "10"
    os.execvp("tail", ["tail", "-n", lines, *(["-F"] if follow else []), *map(str, files)])  # noqa: S606


def _read(place: Home) -> Stack | None:
    try:
        return state.read(place.state_file)
    except (FileNotFoundError, ValueError):
        return None


def _table(found: Stack, *, alive: bool) -> Table:
    table = columns("process", "state", "pid", "restarts", "address")
    for process in found.processes:
        condition = process.state if alive else "stopped"
        pid = str(process.pid) if alive and process.pid else "-"
        table.add_row(process.name, condition, pid, str(process.restarts), process.address or "-")
    return table


def _print_addresses(found: Stack) -> None:
    for process in found.processes:
        click.echo(f"{process.name:<12} {process.address}")
    click.echo(f"{'all of it':<12} {Home(found.home).state_file}")
