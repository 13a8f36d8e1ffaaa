"""What the commands have in common: where they print, and how they end when they cannot."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
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


class PrivateFile:
    """A file for a machine, for its owner alone (mode 0600). Opened before the work begins: it may take hours."""

    def __init__(self, path: Path | None) -> None:
        """Ends the command when it cannot be written."""
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            self._file = None if path is None else os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")
            if self._file is not None:
                os.fchmod(self._file.fileno(), 0o600)  # it may have been there
        except OSError as failed:
            refuse(f"{path} cannot be written: {failed.strerror}")

    def write(self, told: object) -> None:
        """`told` as JSON."""
        if self._file is not None:
            with self._file as file:
                file.write(json.dumps(told, indent=2) + "\n")

    def text(self, told: str) -> None:
        """`told` as it is."""
        if self._file is not None:
            with self._file as file:
                file.write(told)

    def lines(self, told: Iterable[object]) -> int:
        """Each of `told` as a line of JSON; returns how many."""
        if self._file is None:
            return 0
        with self._file as file:
            return sum(1 for one in told if file.write(json.dumps(one) + "\n"))


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """What is on its way is finished and noted; then it ends."""
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def fail(message: str, code: int) -> NoReturn:
    """Say so on standard error and exit with `code`."""
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


def refuse(why: str) -> NoReturn:
    """Fail for bad usage."""
    fail(why, BAD_USAGE)
