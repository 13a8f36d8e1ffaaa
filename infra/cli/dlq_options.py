"""Options that the commands of `isocentre dlq` share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from infra.cli import operator_options
from infra.cli.operator_options import SECOND
from infra.dlq.choosing import Filter
from infra.dlq.node import of_settings, of_stack

Command = Callable[..., Any]


def on_node(command: Command) -> Command:
    """Options that say which node and who acts; gives the command a `node` and an `actor`."""
    return operator_options.on_node(
        lambda home, log: of_stack(home, log),
        lambda kafka, log: of_settings(kafka, log),
        unknown="no dead letter begins with {}",
    )(command)


def in_zone(command: Command) -> Command:
    """The option that says of which zone."""
    return click.option(
        "--zone", type=click.Choice(["identified", "clean"]), help="Only of this zone; else of all that can be seen."
    )(command)


def filters(command: Command) -> Command:
    """Options that say which letters; gives the command a `chosen` Filter."""

    @click.option("--reason", "reasons", multiple=True, metavar="CODE", help="For this reason; may be given often.")
    @click.option("--service", "services", multiple=True, metavar="NAME", help="Of this service; may be given often.")
    @click.option("--site", "sites", multiple=True, metavar="CODE", help="Of this site; may be given often.")
    @click.option("--error", default="", metavar="CLASS", help="With an error whose class begins like that.")
    @click.option("--release", default="", metavar="VERSION", help="Of releases that begin like that.")
    @click.option("--since", type=SECOND, help="Died then or later (UTC).")
    @click.option("--until", type=SECOND, help="Died before (UTC).")
    @functools.wraps(command)
    def told(since: datetime | None, until: datetime | None, **options: Any) -> None:
        named = {name: options.pop(name) for name in ("reasons", "services", "sites", "error", "release")}
        command(chosen=Filter(since=_utc(since), until=_utc(until), **named), **options)

    return told


def decides(command: Command) -> Command:
    """What all acts take."""
    for option in (
        click.argument("ids", nargs=-1, metavar="[ID]..."),
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Only say what would be done."),
        click.option("--json", "as_json", is_flag=True, help="What was done, as JSON."),
        filters,
        in_zone,
        on_node,
    ):
        command = option(command)
    return command


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None
