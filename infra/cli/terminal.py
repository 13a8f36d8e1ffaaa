"""What the commands have in common: where they print, and how they end when they cannot."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
from rich.console import Console
from rich.table import Table

from shared.misconfigured import Misconfigured

BAD_USAGE = 2
"""Exit code, as click's own."""
PLAIN_WIDTH = 160
"""Columns where there is no terminal to ask."""


def console(plain_width: int = PLAIN_WIDTH) -> Console:
    """Prints what it is given as it is; `plain_width` columns where there is no terminal to ask."""
    return Console(width=None if sys.stdout.isatty() else plain_width, markup=False, highlight=False)


@contextmanager
def told() -> Iterator[None]:
    """What an operator has to put right is told in one line, and ends the command with status 1."""
    try:
        yield
    except Misconfigured as wrong:
        raise click.ClickException(str(wrong)) from None


def columns(*titles: str) -> Table:
    """A table without rules, in which nothing is folded."""
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, no_wrap=True)
    return table


def fail(message: str, code: int) -> NoReturn:
    """Say so on standard error and exit with `code`."""
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


def refuse(why: str) -> NoReturn:
    """Fail for bad usage."""
    fail(why, BAD_USAGE)
