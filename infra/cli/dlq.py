"""`isocentre dlq`: the records that nobody could handle, and what people do with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from infra.cli.dlq_acts import carry_out
from infra.cli.dlq_options import decides, filters, in_zone, on_node
from infra.cli.dlq_reading import letters_of
from infra.cli.operator_options import FILE
from infra.cli.terminal import PrivateFile, console
from infra.dlq import showing
from infra.dlq.acting import Topics
from infra.dlq.choosing import Filter
from infra.dlq.deciding import Wish, audit_of_look
from infra.dlq.exporting import lines
from infra.dlq.node import Node
from infra.operating.ids import by_id
from shared.letters import Letter, by_cause

STATES = ("open", "requeued", "resolved", "discarded")
EXITS = """Exits 0 when done, 2 for bad usage or without a stack, 3 when there is no letter of that id, 4 when the
broker is away (what was done is said), 5 when something was refused or somebody else decides now."""


@click.group(epilog=EXITS)
def dlq() -> None:
    """Records that a service could not handle, of both zones. Every act is audited, and nothing is done by itself.

    An ID is a letter's, or its first six characters at least.
    """


@dlq.command("list", epilog=EXITS)
@on_node
@in_zone
@filters
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="In this state; open unless given.")
@click.option("--all", "everything", is_flag=True, help="In any state.")
@click.option("--each", is_flag=True, help="One by one, not by cause.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(
    node: Node,
    actor: str,
    zone: str | None,
    chosen: Filter,
    states: tuple[str, ...],
    everything: bool,
    each: bool,
    as_json: bool,
) -> None:
    """List dead letters by what they died of; with --each one by one, the oldest first."""
    wanted = replace(chosen, states=() if everything else states or ("open",))
    found: list[Letter] = []
    for topics in node.seen(zone):
        of_zone = [letter for letter in letters_of(topics) if wanted.matches(letter)]
        # Before anything is shown: what cannot be audited is not told.
        topics.tell([audit_of_look(topics.zone, "dlq.list", actor, _now(), of_zone)])
        found += of_zone
    groups = by_cause(found)
    if as_json and each:
        click.echo(json.dumps([showing.as_json(letter) for letter in found], indent=1))
    elif as_json:
        click.echo(json.dumps([showing.group_as_json(group) for group in groups], indent=1))
    elif found:
        console().print(showing.letters_table(found) if each else showing.groups_table(groups))
    else:
        click.echo("no dead letter is like that", err=True)


@dlq.command(epilog=EXITS)
@on_node
@in_zone
@click.argument("named_id", metavar="ID")
@click.option("--value", is_flag=True, help="Also what the record says: in the identified zone, of whom it is.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(node: Node, actor: str, zone: str | None, named_id: str, value: bool, as_json: bool) -> None:
    """Show one letter: what died where and of what, how often, and who did what with it."""
    of_zone = {topics: list(letters_of(topics)) for topics in node.seen(zone)}
    (letter,) = by_id([one for found in of_zone.values() for one in found], [named_id], _id)
    ((topics, found),) = [(topics, found) for topics, found in of_zone.items() if topics.zone is letter.zone]
    topics.tell([audit_of_look(letter.zone, "dlq.show", actor, _now(), letter)])
    chain = [one for one in found if one.first == letter.first]
    acts = topics.acts({one.id for one in chain})
    whole = dict(topics.whole([letter.id])).get(letter.id) if value else None
    if as_json:
        told: dict[str, Any] = showing.as_json(letter, whole)
        told["deaths"] = [one.id for one in chain]
        told["acts"] = [showing.act_as_json(act) for act in acts]
        click.echo(json.dumps(told, indent=1))
        return
    facts = Table.grid(padding=(0, 2))
    for name, text in showing.facts(letter):
        facts.add_row(name, text)
    console().print(facts)
    click.echo()
    console().print(showing.history(chain, acts))
    if whole is not None:
        click.echo()
        click.echo(showing.value_of(whole) or "the letter does not carry its value: dlq export reads it")


@dlq.command(epilog=EXITS)
@decides
@click.option("--again", is_flag=True, help="However often they were requeued; each has to be named by its ID.")
@click.option(
    "--ground", type=click.Choice(["cause-gone", "rules-changed", "other"]), default="cause-gone", help="Why."
)
def requeue(node: Node, actor: str, ground: Any, again: bool, **options: Any) -> None:
    """Have records handled again, by their service as it is now. What dies again is a new letter that says so."""
    if again and not options["ids"]:
        raise click.UsageError("--again is for letters that are named by their IDs")
    carry_out(node, Wish("requeue", ground, actor, again), **options)


@dlq.command(epilog=EXITS)
@decides
@click.option("--ground", type=click.Choice(["consent-withdrawn", "not-wanted", "other"]), required=True, help="Why.")
def discard(node: Node, actor: str, ground: Any, **options: Any) -> None:
    """End letters for good. Their records count as dead for ever, and what they were about is not handled again."""
    carry_out(node, Wish("discard", ground, actor), ask=True, **options)


@dlq.command(epilog=EXITS)
@on_node
@in_zone
@filters
@click.argument("file", type=FILE)
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="In this state; open unless given.")
@click.option("--all", "everything", is_flag=True, help="In any state.")
def export(
    node: Node, actor: str, zone: str | None, chosen: Filter, file: Path, states: tuple[str, ...], everything: bool
) -> None:
    """Write letters with their records to FILE, one JSON object a line; only its owner can read it."""
    wanted = replace(chosen, states=() if everything else states or ("open",))
    written = PrivateFile(file)
    chosen_of: list[tuple[Topics, Sequence[Letter]]] = []
    for topics in node.seen(zone):
        found = [letter for letter in letters_of(topics) if wanted.matches(letter)]
        topics.tell([audit_of_look(topics.zone, "dlq.export", actor, _now(), found)])
        chosen_of.append((topics, found))
    count = written.lines(line for topics, found in chosen_of for line in lines(topics, found))
    click.echo(f"{count} letters written to {file}", err=True)


def _id(letter: Letter) -> str:
    return letter.id


def _now() -> datetime:
    return datetime.now(UTC)
