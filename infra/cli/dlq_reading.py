"""Reading the letters of a zone for somebody at a terminal."""

from __future__ import annotations

import click

from infra.dlq.acting import Topics
from shared.letters import Letters


def letters_of(topics: Topics) -> Letters:
    """All letters of a zone; what cannot be read is told."""
    letters, lost = topics.read()
    if lost:
        click.echo(f"{lost} records could not be read: is this command older than the node?", err=True)
    return letters
