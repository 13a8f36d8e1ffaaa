"""How `isocentre dlq` acts: shows what would be done, asks, does it portion by portion, and says what was done."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import click

from infra.cli.dlq_reading import letters_of
from infra.cli.operator_options import AWAY, REFUSED, at_terminal
from infra.cli.terminal import console, fail
from infra.dlq import showing
from infra.dlq.acting import Acted, Topics, act
from infra.dlq.choosing import Filter
from infra.dlq.deciding import Wish, objection
from infra.dlq.node import Node
from infra.operating.ids import by_id
from shared.letters import Letter, by_cause

DONE = {"requeue": "requeued", "discard": "discarded"}


def carry_out(
    node: Node,
    wish: Wish,
    *,
    zone: str | None,
    ids: tuple[str, ...],
    chosen: Filter,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    ask: bool = False,
) -> None:
    """Do what is wished with the letters of these ids, or with all open ones that are like `chosen`."""
    if (ids and not chosen.is_empty) or (not ids and chosen.is_empty and zone is None):
        raise click.UsageError("say which: IDs, or --zone, --reason, --service, --site, --error, --release, --since, …")
    of_zone = {topics: list(letters_of(topics)) for topics in node.seen(zone)}
    everything = [letter for letters in of_zone.values() for letter in letters]
    open_ones = replace(chosen, states=("open",))
    found = by_id(everything, ids, _id) if ids else [letter for letter in everything if open_ones.matches(letter)]
    if not found:
        click.echo("no open dead letter is like that", err=True)
        return
    if dry_run or ((ask or not ids) and not yes):
        _preview(wish, found)
        if dry_run:
            return
        _confirm(wish, found)
    _report(wish, [_act(topics, wish, found) for topics in of_zone], as_json)


def _act(topics: Topics, wish: Wish, found: Sequence[Letter]) -> Acted:
    ids = {letter.id for letter in found if letter.zone is topics.zone}
    if not ids:
        return Acted()

    def progress(done: int) -> None:
        click.echo(f"{topics.zone.name}: {done} of {len(ids)}", err=True)

    return act(topics, wish, ids, progress)


def _preview(wish: Wish, found: Sequence[Letter]) -> None:
    objections = {letter.id: objection(letter, wish) for letter in found}
    possible = [letter for letter in found if objections[letter.id] is None]
    if possible:
        console().print(showing.groups_table(by_cause(possible)))
    click.echo(f"{len(possible)} would be {DONE[wish.act]}")
    for why, count in sorted(Counter(why for why in objections.values() if why).items()):
        click.echo(f"{count} would not: {why}")


def _confirm(wish: Wish, found: Sequence[Letter]) -> None:
    if not at_terminal():
        raise click.UsageError(f"{len(found)} letters are meant: say --yes")
    click.confirm(f"{wish.act} them?", abort=True)


def _report(wish: Wish, results: Sequence[Acted], as_json: bool) -> None:
    """Say what was done and end with the status that says it shortest."""
    done = [letter for acted in results for letter in acted.done]
    refused = [one for acted in results for one in acted.refused]
    if as_json:
        told = {
            DONE[wish.act]: [letter.id for letter in done],
            "refused": [{"letter": letter.id, "why": why} for letter, why in refused],
        }
        click.echo(json.dumps(told, indent=1))
    else:
        for letter in done:
            click.echo(f"{letter.id}  {DONE[wish.act]}")
        for letter, why in refused:
            click.echo(f"{letter.id}  not {DONE[wish.act]}: {why}", err=True)
    if away := next((acted.away for acted in results if acted.away), ""):
        fail(f"the broker is away: {away}", AWAY)
    if any(acted.overtaken for acted in results):
        fail("somebody else decides at the same time: look again", REFUSED)
    if refused:
        sys.exit(REFUSED)


def _id(letter: Letter) -> str:
    return letter.id
