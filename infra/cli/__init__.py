"""The command `isocentre`. Each group is a module of its own, imported only when it is asked for."""

from __future__ import annotations

import importlib
import keyword

import click

GROUPS = {
    "anonymise": "infra.cli.anonymise",
    "associations": "infra.cli.associations",
    "brake": "infra.cli.brake",
    "ca": "infra.cli.ca",
    "dlq": "infra.cli.dlq",
    "erase": "infra.cli.erase",
    "fetch": "infra.cli.fetching",
    "import": "infra.cli.importing",
    "key": "infra.cli.key",
    "profile": "infra.cli.profile",
    "quarantine": "infra.cli.quarantine",
    "reconcile": "infra.cli.reconcile",
    "site": "infra.cli.site",
    "stack": "infra.cli.stack",
    "trace": "infra.cli.trace",
}


class Groups(click.Group):
    """The groups of GROUPS; in its module each has its own name, with `_` behind it where Python needs the word."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in GROUPS:
            return None
        attribute = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        command = getattr(importlib.import_module(GROUPS[cmd_name]), attribute)
        return command if isinstance(command, click.Command) else None


@click.command(cls=Groups, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Isocentre: DICOM ingestion, event by event."""
