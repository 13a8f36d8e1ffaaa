"""`isocentre associations`: who is sending now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from infra.cli.terminal import columns, console, fail
from infra.demo import web
from infra.local import stack as local
from infra.local.layout import DEFAULT_HOME

NOT_UP, AWAY = 2, 4
"""Exit codes."""
PATH = "/associations"


@click.command()
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_HOME,
    help="The folder in which all of the stack lies.",
)
@click.option("--receiver", metavar="URL", help="The receiver's health address, when it is not of a stack here.")
@click.option("--json", "as_json", is_flag=True, help="All that is known of each.")
def associations(home: Path, receiver: str | None, as_json: bool) -> None:
    """Show the associations that are open, and what each has brought so far.

    Exits 2 when no stack is up, 4 when the receiver does not answer.
    """
    try:
        found = web.get("receiver", (receiver or _health_url(home)).rstrip("/") + PATH)
    except local.NotUp as missing:
        fail(f"{missing}; start one with: isocentre stack up", NOT_UP)
    except web.Away as away:
        fail(str(away), AWAY)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    if not found:
        click.echo("nobody is sending")
        return
    table = columns("site", "by", "since", "received", "stored", "repeated", "refused", "MB", "association")
    for one in sorted(found, key=lambda one: str(one["begun"])):
        table.add_row(*_row(one, datetime.now(UTC)))
    console().print(table)


def _health_url(home: Path) -> str:
    return local.attach(home).services["receiver"].health_url


def _row(account: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    age = now - datetime.fromisoformat(account["begun"])
    return (
        account["site"],
        account["way"],
        f"{age.total_seconds():.0f} s",
        str(account["received"]),
        str(account["stored"]),
        str(account["repeated"]),
        str(sum(account["refused"].values())),
        f"{account['bytes'] / 1e6:.1f}",
        account["association"],
    )
