"""Options that the commands of `isocentre quarantine` share, and how they fail."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from infra.cli.terminal import fail, refuse
from infra.keys import audit
from infra.local.layout import DEFAULT_HOME
from infra.quarantine.choosing import AmbiguousCase, Filter, UnknownCase
from infra.quarantine.deciding import named
from infra.quarantine.node import NoNode, of_settings, of_stack
from shared.misconfigured import Misconfigured
from shared.outcome import Transient
from shared.sites import CODE

UNKNOWN, AWAY, REFUSED = 3, 4, 5
"""Exit codes, beside that of bad usage."""

HOME = "The folder in which all of a local stack lies."
KAFKA = "Brokers of another node; its store is what ISOCENTRE_STORE_TREE or ISOCENTRE_S3_… in the environment say."
AUDIT = "File that gets a line for every act, beside the topic."
FILE = click.Path(dir_okay=False, path_type=Path)
SECOND = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])

Command = Callable[..., Any]


def on_node(command: Command) -> Command:
    """Options that say which node and who acts; gives the command a `node` and an `actor`."""

    @click.option("--home", type=click.Path(file_okay=False, path_type=Path), default=DEFAULT_HOME, help=HOME)
    @click.option("--kafka", envvar="ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS", help=KAFKA)
    @click.option("--audit", "log", type=FILE, envvar="ISOCENTRE_AUDIT_FILE", help=AUDIT)
    @click.option("--actor", help="Who acts, beside the login name that the system knows.")
    @functools.wraps(command)
    def told(home: Path, kafka: str | None, log: Path | None, actor: str | None, **options: Any) -> None:
        given = click.get_current_context().get_parameter_source("home") is click.core.ParameterSource.COMMANDLINE
        with _failures():
            node = of_stack(home, log) if given or not kafka else of_settings(kafka, log)
            command(node=node, actor=named(actor, audit.who()), **options)

    return told


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


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except NoNode as missing:
        refuse(str(missing))
    except Misconfigured as wrong:
        refuse(str(wrong))
    except UnknownCase as unknown:
        fail(f"nothing that begins with {unknown} was ever held", UNKNOWN)
    except AmbiguousCase as several:
        refuse(f"several begin with {several}: give more of it")
    except Transient as away:
        fail(f"broker or store are away: {away}", AWAY)
