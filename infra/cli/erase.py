"""`isocentre erase`: takes a patient out of both zones, and says what remains."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from infra.cli import operator_options
from infra.cli.operator_options import AWAY, FILE, REFUSED, at_terminal
from infra.cli.terminal import PrivateFile, fail
from infra.erasing.acting import Erased
from infra.erasing.acting import erase as carry_out
from infra.erasing.asking import COLUMNS, counted, read_wanted
from infra.erasing.node import Node, of_settings, of_stack
from infra.erasing.receipt import as_json, as_text
from infra.erasing.searching import Matched, gather, search, shared_keys, there
from infra.erasing.telling import Wish, audit
from infra.erasing.whose import Whose
from shared.dicom.keys import KeyRing
from shared.private_file import read_private
from shared.schemas import topics
from shared.sites import read_patients, read_sites

EXITS = """Exits 0 when done or when there is nothing to do, 2 for bad usage or without a stack, 4 when broker or store
are away or the index has not followed yet, 5 when somebody else erases now. After 4 and 5 say the same again."""

PATIENTS = f"Whom, private (0600): CSV with a head line of some of {', '.join(COLUMNS)}, or such objects as JSON lines."


@click.command(epilog=EXITS)
@click.option("--patient-from", "file", type=FILE, required=True, help=PATIENTS)
@click.option(
    "--ground",
    type=click.Choice(["consent-withdrawn", "not-wanted", "retention-ended", "other"]),
    required=True,
    help="Why.",
)
@click.option("--key", "key_file", type=FILE, envvar="ISOCENTRE_PROJECT_KEY_FILE", help="The key ring; a stack's own.")
@click.option("--sites", "sites_file", type=FILE, envvar="ISOCENTRE_SITES_FILE", help="Sites file; a stack's own.")
@click.option("--accept-open-files", is_flag=True, envvar="ISOCENTRE_ACCEPT_OPEN_FILES", help="Of mounted secrets.")
@click.option("--no-originals", is_flag=True, help="Do not look into originals without a clean copy.")
@click.option("--receipt", "receipt_file", type=FILE, help="Where it goes, as JSON; beside it as .txt. Both 0600.")
@click.option("--wait", type=click.FloatRange(min=0), default=120.0, show_default=True, help="Seconds for the index.")
@click.option("--dry-run", is_flag=True, help="Only count what would be erased.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@operator_options.on_node(
    lambda home, log: of_stack(home, log), lambda kafka, log: of_settings(kafka, log), unknown="there is no {}"
)
def erase(
    node: Node,
    actor: str,
    file: Path,
    ground: Any,
    key_file: Path | None,
    sites_file: Path | None,
    accept_open_files: bool,
    no_originals: bool,
    receipt_file: Path | None,
    wait: float,
    dry_run: bool,
    yes: bool,
) -> None:
    """Erase patients, studies or arrivals for good: originals, clean copies, pictures, index, ledger.

    What comes late of them, or is sent again as the same bytes, is not taken again; consumers are told to delete.
    Identified zone only, and audited. Asked for again, it does what is left to do.
    """
    wanted = read_wanted(read_private(file))
    whose = _whose(node, wanted, key_file, sites_file, accept_open_files)
    wish = Wish(secrets.token_hex(8), ground, actor)
    matched = search(node.topics, whose, node.stores["identified"], look=not no_originals)
    counts = _preview(node, matched)
    node.topics.tell([audit(wish, "erase.look", _now(), count=len(matched.arrivals))])
    click.echo(
        f"{counts['arrivals']} arrivals, {counts['told']} of them erased before; to be deleted: "
        f"{counts['identified']} originals, {counts['clean']} clean objects, {counts['derived']} pictures; "
        f"{matched.read} originals were read, {len(matched.unread)} do not say whose they are",
        err=True,
    )
    if dry_run:
        return
    nothing_left = counts["told"] == counts["arrivals"] and not any(counts[name] for name in node.stores)
    if nothing_left and node.topics.index_follows(wait):
        click.echo("nothing to do")
        return
    if not yes:
        _confirm(counts["arrivals"])
    target = receipt_file or Path(f"erasure-{wish.receipt}.json")
    machine, people = PrivateFile(target), target.with_suffix(".txt")
    text = PrivateFile(people)
    done = carry_out(node.topics, node.stores, wish, matched.arrivals, wait)
    retention = {name: entry["retention"] for name, entry in topics().items() if "event" in entry}
    receipt = as_json(done, wish, counted(wanted), matched, _now(), retention)
    machine.write(receipt)
    text.text(as_text(receipt))
    click.echo(json.dumps({name: receipt[name] for name in ("receipt", "complete", "deleted", "came_late", "index")}))
    click.echo(f"the receipt is in {target} and {people}", err=True)
    _end(done)


def _whose(node: Node, wanted: Any, key_file: Path | None, sites_file: Path | None, accept_open: bool) -> Whose:
    """Raises Misconfigured."""
    key, sites = key_file or node.key_file, sites_file or node.sites_file
    if key is None or sites is None:
        raise click.UsageError("say by what patients are found: --key and --sites")
    ring, declared = KeyRing.parse(read_private(key, accept_open=accept_open)), read_sites(sites)
    ring.serve(declared.project)
    patients = read_patients(sites, accept_open=accept_open)
    return Whose(wanted, ring, patients, [site.code for site in declared.sites])


def _preview(node: Node, matched: Matched) -> Mapping[str, int]:
    """How many arrivals there are, how many of them have been told of, and how many objects by bucket."""
    holdings = gather(node.topics, matched.arrivals)
    kept = shared_keys(node.topics, holdings)
    objects = [place for holding in holdings for place in there(holding, node.stores, kept)]
    by_bucket = {name: sum(bucket == name for bucket, _ in objects) for name in node.stores}
    return {"arrivals": len(holdings), "told": sum(holding.is_told for holding in holdings), **by_bucket}


def _confirm(count: int) -> None:
    if not at_terminal():
        raise click.UsageError(f"{count} arrivals are meant: say --yes")
    click.confirm(f"erase these {count} arrivals for good?", abort=True)


def _end(done: Erased) -> None:
    """With the status that says it shortest."""
    if done.away:
        fail(f"broker or store are away: {done.away}; say the same again", AWAY)
    if done.overtaken:
        fail("somebody else erases at the same time: say the same again", REFUSED)
    if not done.index:
        fail("the index has not followed yet: it will, or say the same again", AWAY)
    sys.exit(0)


def _now() -> datetime:
    return datetime.now(UTC)
