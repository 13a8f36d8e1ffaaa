"""`isocentre ca`: certificates for tests, and for sites without an authority of their own."""

from __future__ import annotations

import json
from pathlib import Path

import click

from infra.ca.certificates import AUTHORITY_DAYS, DAYS
from infra.ca.folder import AUTHORITY, Folder
from infra.cli.site import FILE, READ, bind
from infra.cli.terminal import columns, console, told

FOLDER = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    envvar="ISOCENTRE_CA_FOLDER",
    help="Where the authority keeps its key and what it has issued; closed to others.",
)


@click.group()
def ca() -> None:
    """A small certification authority (EC P-256). Whoever has its key can make himself a sender: keep it apart."""


@ca.command()
@FOLDER
@click.option("--name", default="Isocentre local CA", show_default=True, help="How it calls itself.")
def init(folder: Path, name: str) -> None:
    """Make the authority. It is good for ten years."""
    with told():
        made = Folder(folder).begin(name)
    click.echo(f"the authority is in {folder}, good until {made.expires:%Y-%m-%d}")
    click.echo(f"receivers and senders believe whom it names with {Folder(folder).certificate(AUTHORITY)}")


@ca.command(epilog=READ)
@FOLDER
@click.argument("name")
@click.option("--host", "hosts", multiple=True, help="Name or address of a receiver that shows it; may be given often.")
@click.option(
    "--days", type=click.IntRange(1, AUTHORITY_DAYS), default=DAYS, show_default=True, help="Good for so long."
)
@click.option("--site", "code", help="Bind it to this site.")
@click.option("--sites", "file", type=FILE, envvar="ISOCENTRE_SITES_FILE", help="The sites file, with --site.")
def issue(folder: Path, name: str, hosts: tuple[str, ...], days: int, code: str | None, file: Path | None) -> None:
    """Make a key and a certificate NAME: a sender's, or with --host also a receiver's."""
    if code and not file:
        raise click.UsageError("name the sites file with --sites")
    with told():
        place = Folder(folder)
        made = place.issue(name, hosts, days)
        if code and file:
            bind(file, code, made.fingerprint)
    click.echo(f"{place.certificate(name)} and {place.key(name)}, good until {made.expires:%Y-%m-%d}")
    click.echo(f"SHA-256 {made.fingerprint}{f', bound to site {code}' if code else ''}")


@ca.command("list")
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(folder: Path, as_json: bool) -> None:
    """Show what was issued, and until when it is good."""
    with told():
        shown = list(Folder(folder).shown())
    if as_json:
        rows = [{"name": one.name, "sha256": one.fingerprint, "expires": one.expires.isoformat()} for one in shown]
        click.echo(json.dumps(rows, indent=1))
        return
    table = columns("name", "expires", "sha-256")
    for one in shown:
        table.add_row(one.name, f"{one.expires:%Y-%m-%d}", one.fingerprint)
    console().print(table)
