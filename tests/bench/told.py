"""How a measurement is told: as tables of Markdown, with the numbers beside them in `build/bench`."""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from infra.local.layout import ROOT
from infra.local.stack import StackError
from tests.bench.memory import filled
from tests.bench.report import machine
from tests.bench.side import Incomplete

FOLDER = ROOT / "build" / "bench"


@contextmanager
def measuring(*folders: Path) -> Iterator[None]:
    """Within this block memory is as a running server's. What fails is told, and ends the process with status 1; the
    `folders` are removed."""
    try:
        with filled(FOLDER):
            yield
    except (Incomplete, StackError) as failed:
        click.echo(failed, err=True)
        sys.exit(1)
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Its lines."""
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    yield from (f"| {' | '.join(row)} |" for row in rows)


def page(title: str, conditions: Mapping[str, Any], *lines: str) -> str:
    """A whole one. `conditions`: where and how it was measured."""
    about = ", ".join(f"{name}: {value}" for name, value in conditions.items())
    return "\n".join([f"# {title}", "", f"{about}.", "", *lines]) + "\n"


def keep(name: str, text: str, numbers: Mapping[str, Any]) -> None:
    """Print the page, and write it and its numbers."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.md").write_text(text)
    (FOLDER / f"{name}.json").write_text(json.dumps({"machine": machine(), **numbers}, indent=2) + "\n")
    click.echo(text)
