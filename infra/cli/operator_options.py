"""Options that all acts of operators share: which node, and who acts; and how they fail."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from infra.cli.terminal import fail, refuse
from infra.keys import audit
from infra.local.layout import DEFAULT_HOME
from infra.operating.actor import named
from infra.operating.ids import AmbiguousId, UnknownId
from infra.operating.node import NoNode
from shared.misconfigured import Misconfigured
from shared.outcome import Transient

UNKNOWN, AWAY, REFUSED = 3, 4, 5
"""Exit codes, beside that of bad usage."""

HOME = "The folder in which all of a local stack lies."
KAFKA = "Brokers of another node; its store is what ISOCENTRE_STORE_TREE or ISOCENTRE_S3_… in the environment say."
AUDIT = "File that gets a line for every act, beside the topic."
FILE = click.Path(dir_okay=False, path_type=Path)
SECOND = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])

Command = Callable[..., Any]


def on_node(
    of_stack: Callable[[Path, Path | None], object], of_settings: Callable[[str, Path | None], object], unknown: str
) -> Callable[[Command], Command]:
    """Options that say which node and who acts; gives the command a `node`, which these two find, and an `actor`.

    `unknown`: what is said of an id that there is not, with `{}` in its place.
    """

    def with_options(command: Command) -> Command:
        @click.option("--home", type=click.Path(file_okay=False, path_type=Path), default=DEFAULT_HOME, help=HOME)
        @click.option("--kafka", envvar="ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS", help=KAFKA)
        @click.option("--audit", "log", type=FILE, envvar="ISOCENTRE_AUDIT_FILE", help=AUDIT)
        @click.option("--actor", help="Who acts, beside the login name that the system knows.")
        @functools.wraps(command)
        def told(home: Path, kafka: str | None, log: Path | None, actor: str | None, **options: Any) -> None:
            given = click.get_current_context().get_parameter_source("home") is click.core.ParameterSource.COMMANDLINE
            with _failures(unknown):
                node = of_stack(home, log) if given or not kafka else of_settings(kafka, log)
                command(node=node, actor=named(actor, audit.who()), **options)

        return told

    return with_options


def at_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


@contextmanager
def _failures(unknown: str) -> Iterator[None]:
    try:
        yield
    except NoNode as missing:
        refuse(str(missing))
    except Misconfigured as wrong:
        refuse(str(wrong))
    except UnknownId as beginning:
        fail(unknown.format(beginning), UNKNOWN)
    except AmbiguousId as several:
        refuse(f"several begin with {several}: give more of it")
    except Transient as away:
        fail(f"broker or store are away: {away}", AWAY)
