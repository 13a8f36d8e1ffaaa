"""`isocentre quarantine`: what the anonymiser holds back, and what people decide about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from infra.cli.operator_options import AWAY, FILE, REFUSED, at_terminal
from infra.cli.quarantine_options import PROFILE, decides, filters, on_node
from infra.cli.terminal import console, fail
from infra.operating.ids import by_id
from infra.quarantine import showing
from infra.quarantine.acting import Acted, act
from infra.quarantine.cases import Case
from infra.quarantine.choosing import Filter, overdue, unpromised
from infra.quarantine.choosing import summary as summary_of
from infra.quarantine.deciding import Wish, audit_of, audit_of_many
from infra.quarantine.node import Node
from shared.events import FOR_GOOD
from shared.sites import read_sites

STATES = ("held", "released", "retried", "discarded", "expired", "rejected")
EXITS = """Exits 0 when done, 2 for bad usage or without a stack, 3 when nothing of that id was ever held, 4 when broker
or store are away (what was done is said), 5 when something is not held any more or somebody else decides now."""


@click.group(epilog=EXITS)
def quarantine() -> None:
    """What the anonymiser holds back until a person decides. Identified zone only, and every act is audited.

    An ID is an arrival's, or its first six characters at least. Nothing here reads pixels or values.
    """


@quarantine.command("list", epilog=EXITS)
@on_node
@filters
@click.option("--profile", default="", help="The same as --revision.")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="In this state; held unless given.")
@click.option("--all", "everything", is_flag=True, help="In any state.")
@click.option("--summary", is_flag=True, help="Only counts by state, reason and site.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(
    node: Node,
    actor: str,
    chosen: Filter,
    profile: str,
    states: tuple[str, ...],
    everything: bool,
    summary: bool,
    as_json: bool,
) -> None:
    """List what is held, the oldest first."""
    wanted = replace(chosen, profile=profile or chosen.profile, states=() if everything else states or ("held",))
    found = [case for case in _cases(node) if wanted.matches(case)]
    # Before anything is shown: what cannot be audited is not told.
    node.ledger.tell([audit_of_many("quarantine.list", actor, _now(), len(found), wanted.only_site)])
    if as_json and summary:
        click.echo(json.dumps(_counts(found), indent=1))
    elif as_json:
        click.echo(json.dumps([showing.as_json(case) for case in found], indent=1))
    elif found:
        console().print(showing.summary_table(found) if summary else showing.table(found, _now()))
    else:
        click.echo("nothing is held like that", err=True)


@quarantine.command(epilog=EXITS)
@on_node
@click.argument("named_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(node: Node, actor: str, named_id: str, as_json: bool) -> None:
    """Show one instance: why and where it was held, who decided what, and where its bytes lie."""
    (case,) = node.ledger.completed(by_id(_cases(node), [named_id], _id))
    node.ledger.tell([audit_of("quarantine.show", actor, _now(), "done", case)])
    there = None if node.store is None else case.first.key in set(node.store.keys(case.first.key))
    if as_json:
        click.echo(json.dumps(showing.as_json(case, there), indent=1))
        return
    facts = Table.grid(padding=(0, 2))
    for name, value in showing.facts(case, there):
        facts.add_row(name, value)
    console().print(facts)
    click.echo()
    console().print(showing.history(case))


@quarantine.command(epilog=EXITS)
@decides
@click.option("--ground", type=click.Choice(["false-positive", "checked-by-eye", "other"]), required=True, help="Why.")
def release(node: Node, actor: str, ids: tuple[str, ...], chosen: Filter, yes: bool, ground: Any) -> None:
    """Let instances through although they are held for this reason; whatever else is found still holds them.

    They go through the engine again, and the clean copy is marked as released by a person. What they were released for
    before stays lifted, until they are tried again.
    """
    _do(node, Wish("release", ground, actor), ids, chosen, yes=yes)


@quarantine.command(epilog=EXITS)
@decides
@click.option("--profile", type=PROFILE, help="Name of a profile for these, instead of the site's.")
def retry(node: Node, actor: str, ids: tuple[str, ...], chosen: Filter, yes: bool, profile: str | None) -> None:
    """Put instances through the engine again, as it and its profiles are now."""
    _do(node, Wish("retry", "rules-changed", actor, profile), ids, chosen, yes=yes)


@quarantine.command(epilog=EXITS)
@decides
@click.option("--ground", type=click.Choice(["consent-withdrawn", "not-wanted", "other"]), required=True, help="Why.")
def discard(node: Node, actor: str, ids: tuple[str, ...], chosen: Filter, yes: bool, ground: Any) -> None:
    """Never let instances through, and delete their bytes. Sent again, they are not taken again.

    Asked for again, it deletes what could not be deleted the first time.
    """
    _do(node, Wish("discard", ground, actor), ids, chosen, yes=yes, ask=True)


@quarantine.command(epilog=EXITS)
@on_node
@click.option(
    "--sites", "sites_file", type=FILE, envvar="ISOCENTRE_SITES_FILE", help="Sites file; the local stack's own."
)
@click.option(
    "--older-than", "days", type=click.IntRange(min=1), metavar="DAYS", help="For all sites, whatever they say."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def expire(node: Node, actor: str, sites_file: Path | None, days: int | None, yes: bool) -> None:
    """Discard what is held for longer than DAYS, or than `quarantine_days` of its site in the sites file.

    Counted from when it was first held. A site without `quarantine_days` keeps everything, and what a site was promised
    by a storage commitment stays until the day that was promised.
    """
    file = sites_file or node.sites_file
    if days is None and file is None:
        raise click.UsageError("give --older-than, or --sites for the policy of each site")
    policy = _policy(file) if file and days is None else {}
    late = overdue(_cases(node), days, policy, _now())
    found = unpromised(late, node.ledger.promised(), _now())
    if len(found) < len(late):
        click.echo(f"{len(late) - len(found)} stay: their site was promised that they are kept", err=True)
    _carry_out(node, Wish("expire", "retention-ended", actor), found, yes=yes, ask=True)


def _do(node: Node, wish: Wish, ids: Sequence[str], chosen: Filter, *, yes: bool, ask: bool = False) -> None:
    if bool(ids) is not chosen.is_empty:
        raise click.UsageError("say which: IDs, or --site, --reason, --since or --revision")
    cases = _cases(node)
    held = replace(chosen, states=("held",))
    found = by_id(cases, ids, _id) if ids else [case for case in cases if held.matches(case)]
    _carry_out(node, wish, found, yes=yes, ask=ask or not ids)


def _carry_out(node: Node, wish: Wish, found: Sequence[Case], *, yes: bool, ask: bool) -> None:
    if wish.decision in FOR_GOOD and node.store is None:
        raise click.UsageError(
            "bytes cannot be deleted: say which store with ISOCENTRE_STORE_TREE or ISOCENTRE_S3_… in the environment"
        )
    if not found:
        click.echo("nothing is held like that", err=True)
        return
    if ask and not yes:
        _confirm(wish, found)
    acted = act(node.ledger, node.store, wish, [case.arrival for case in found])
    _report(wish, acted)


def _confirm(wish: Wish, found: Sequence[Case]) -> None:
    if not at_terminal():
        raise click.UsageError(f"{len(found)} instances are meant: say --yes")
    console().print(showing.table(found, _now()))
    click.confirm(f"{wish.decision} these {len(found)} instances?", abort=True)


def _report(wish: Wish, acted: Acted) -> None:
    """Say what was done and end with the status that says it shortest."""
    for case, decision in acted.decided:
        click.echo(f"{case.arrival}  {wish.decision}  {case.reason}  decision {decision.decision_id}")
    for case in acted.deleted:
        click.echo(f"{case.arrival}  bytes deleted")
    for case, why in acted.refused:
        click.echo(f"{case.arrival}  not decided: it is {why}", err=True)
    for case in acted.undeleted:
        click.echo(f"{case.arrival}  decided, but its bytes are still there: say the same again", err=True)
    if acted.away:
        fail(f"broker or store are away: {acted.away}", AWAY)
    if acted.overtaken:
        fail("somebody else decides at the same time: look again", REFUSED)
    if acted.refused:
        sys.exit(REFUSED)


def _id(case: Case) -> str:
    return case.arrival


def _cases(node: Node) -> list[Case]:
    cases, lost = node.ledger.read()
    if lost:
        click.echo(f"{lost} records could not be read: is this command older than the node?", err=True)
    return list(cases)


def _policy(sites_file: Path) -> dict[str, int | None]:
    return {site.code: site.quarantine_days for site in read_sites(sites_file).sites}


def _counts(found: Sequence[Case]) -> list[dict[str, Any]]:
    counted = summary_of(found)
    return [
        {"state": state, "reason": reason, "site": site, "count": count}
        for (state, reason, site), count in sorted(counted.items())
    ]


def _now() -> datetime:
    return datetime.now(UTC)
