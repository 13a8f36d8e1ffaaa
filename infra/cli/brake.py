"""`isocentre brake`: which stages have stopped because too much was refused, and how they are let go on."""

from __future__ import annotations

import json
from typing import Any

import click

from infra.brake import showing
from infra.brake.brakes import Brake
from infra.brake.node import Node, of_settings, of_stack
from infra.brake.releasing import Wish
from infra.brake.releasing import release as released_by
from infra.cli import operator_options
from infra.cli.operator_options import REFUSED, UNKNOWN, Command
from infra.cli.terminal import console, fail
from infra.operating.desk import Overtaken
from shared.events import WHOLE_STAGE

GROUNDS = ("rules-changed", "cause-gone", "false-positive", "checked-by-eye", "other")
EXITS = """Exits 0 when done, 2 for bad usage or without a stack, 3 when no such brake is on, 4 when the broker is away,
5 when somebody else releases at the same time."""


def on_node(command: Command) -> Command:
    """Options that say which node and who acts; gives the command a `node` and an `actor`."""
    return operator_options.on_node(
        lambda home, log: of_stack(home, log), lambda kafka, log: of_settings(kafka, log), unknown="{}"
    )(command)


@click.group(epilog=EXITS)
def brake() -> None:
    """Stages that have stopped for a site, or at all, because an unlikely share was refused.

    What such a site sends is parked, and nothing of it is lost; other sites go on. infra/cli/BRAKE.md tells more.
    """


@brake.command("list", epilog=EXITS)
@on_node
@click.option("--all", "everything", is_flag=True, help="Those too that are off again.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(node: Node, actor: str, everything: bool, as_json: bool) -> None:
    """List the brakes that are on, the oldest first."""
    found = [brake for topics in node.seen() for brake in topics.read() if everything or brake.state != "off"]
    if as_json:
        click.echo(json.dumps([showing.as_json(brake) for brake in found], indent=1))
    elif found:
        console().print(showing.table(found))
    else:
        click.echo("no brake is on", err=True)


@brake.command(epilog=EXITS)
@on_node
@click.argument("stage")
@click.option("--site", metavar="CODE", help="Only for this site; else all that are on for the stage, and its own.")
@click.option(
    "--ground",
    type=click.Choice(GROUNDS),
    default="other",
    show_default=True,
    help="Why. After rules-changed and cause-gone the same share brakes again; after the others it is ordinary here.",
)
def release(node: Node, actor: str, stage: str, site: str | None, ground: Any) -> None:
    """Let STAGE go on. What is parked is handled first come, first served, in turn with what arrives."""
    wish = Wish(stage, site, ground, actor)
    try:
        done = [brake for topics in node.seen() for brake in released_by(topics, wish)]
    except Overtaken:
        fail("somebody else releases at the same time: look again", REFUSED)
    if not done:
        fail(f"no brake is on for {stage}" + (f" and {site}" if site else ""), UNKNOWN)
    for one in done:
        click.echo(_told(one))


def _told(brake: Brake) -> str:
    whom = "all sites" if brake.told.site == WHOLE_STAGE else brake.told.site
    return f"{brake.told.stage}  {whom}  released  {brake.told.reason}"
