"""Options that the commands of `isocentre quarantine` share."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from infra.cli import operator_options
from infra.cli.operator_options import SECOND
from infra.quarantine.choosing import Filter
from infra.quarantine.node import of_settings, of_stack
from shared.sites import CODE

Command = Callable[..., Any]


def on_node(command: Command) -> Command:
    """Options that say which node and who acts; gives the command a `node` and an `actor`."""
    return operator_options.on_node(
        lambda home, log: of_stack(home, log),
        lambda kafka, log: of_settings(kafka, log),
        unknown="nothing that begins with {} was ever held",
    )(command)


def filters(command: Command) -> Command:
    """Options that say which instances; gives the command a `chosen` Filter."""

    @click.option("--site", "sites", multiple=True, metavar="CODE", help="Of this site; may be given often.")
    @click.option(
        "--reason", "reasons", multiple=True, metavar="CODE", help="Held for this reason; may be given often."
    )
    @click.option("--since", type=SECOND, help="Held since then or later (UTC).")
    @click.option("--revision", default="", help="Decided by profiles whose revision begins like that.")
    @functools.wraps(command)
    def told(sites: tuple[str, ...], reasons: tuple[str, ...], since: datetime | None, **options: Any) -> None:
        aware = since.replace(tzinfo=UTC) if since else None
        chosen = Filter(sites=sites, reasons=reasons, since=aware, profile=options.pop("revision"))
        command(chosen=chosen, **options)

    return told


def decides(command: Command) -> Command:
    """What all decisions take."""
    for option in (
        click.argument("ids", nargs=-1, metavar="[ID]..."),
        click.option("--yes", is_flag=True, help="Do not ask."),
        filters,
        on_node,
    ):
        command = option(command)
    return command


class ProfileName(click.ParamType):
    """The name of a profile, which the anonymiser knows and we do not."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuses what cannot be one."""
        if not re.fullmatch(CODE, str(value)):
            self.fail("lower case letters, digits and hyphens", param, ctx)
        return str(value)


PROFILE = ProfileName()
