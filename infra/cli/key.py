"""`isocentre key`: a project's keys, for those who are responsible for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from infra.cli.terminal import columns, console, told
from infra.keys import audit, files, matching, shares
from infra.keys.shares import Share
from shared.dicom.keys import KeyRing
from shared.misconfigured import Misconfigured
from shared.private_file import read_private
from shared.sites import read_patients, read_sites

FILE = click.Path(dir_okay=False, path_type=Path)

NEXT = """A new epoch has begun. What it takes (services/anonymiser/KEYS.md):
  1. restart every anonymiser: it begins with the first arrival, and gives every patient another code
  2. when it has caught up, withdraw what carries the old key's id
  3. make new halves of the ring: isocentre key split"""


def key_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--key`, the ring's file."""
    return click.option("--key", "file", type=FILE, required=True, envvar="ISOCENTRE_PROJECT_KEY_FILE", help=RING)(
        command
    )


RING = "The file of the project's key ring."


@click.group()
def key() -> None:
    """A project's keys. Whoever has them can find a patient; whoever loses them cannot continue one."""


@key.command()
@key_option
@click.option("--project", required=True, help="The project as the sites file names it.")
@click.option("--two-persons", is_flag=True, help="Match only with both halves of the ring.")
def new(file: Path, project: str, two_persons: bool) -> None:
    """Make a key ring. Never overwrites a file."""
    with told():
        ring = KeyRing.new(project, match_requires=2 if two_persons else 1)
        files.write_new(file, ring.dumps())
    click.echo(f"key {ring.active.id} of project {project} is in {file}; keep a copy apart: isocentre key split")


@key.command("list")
@key_option
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def list_(file: Path, as_json: bool) -> None:
    """Show the keys: ids, dates and states, never a secret."""
    with told():
        ring = KeyRing.parse(read_private(file))
    rows = [
        {
            "epoch": one.epoch,
            "id": one.id,
            "state": "retired" if one.retired else "active",
            "created": _day(one.created),
            "retired": _day(one.retired),
        }
        for one in ring.keys
    ]
    if as_json:
        click.echo(json.dumps({"project": ring.project, "match_requires": ring.match_requires, "keys": rows}, indent=1))
        return
    table = columns(*rows[0])
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    click.echo(f"project {ring.project or '(any)'}, matching takes {ring.match_requires} person(s)")
    console().print(table)


@key.command()
@key_option
@click.option("--patients-get-new-codes", is_flag=True, help="Yes, every patient gets another code, UIDs and dates.")
def rotate(file: Path, patients_get_new_codes: bool) -> None:
    """Retire the active key and make another: a new epoch, in which everything is de-identified again.

    For a key that may be known to others. Patients are never continued under the old key, because which of them were
    seen before could only be known from a list of them.
    """
    if not patients_get_new_codes:
        raise click.UsageError("every patient gets another code: say so with --patients-get-new-codes")
    with told():
        files.change(file, lambda text: KeyRing.parse(text).rotated().dumps())
        ring = KeyRing.parse(read_private(file))
    click.echo(f"key {ring.keys[-2].id} is retired, key {ring.active.id} is active\n{NEXT}")


@key.command()
@key_option
@click.option("--holder", "holders", multiple=True, metavar="NAME", help="Who keeps it; once for each half.")
@click.argument("one", type=FILE)
@click.argument("other", type=FILE)
def split(file: Path, holders: tuple[str, ...], one: Path, other: Path) -> None:
    """Write the ring as two halves, ONE and OTHER. One alone says nothing; both together are the ring."""
    if len(holders) not in (0, 2):
        raise click.UsageError("name both holders or none")
    with told():
        text = read_private(file)
        KeyRing.parse(text)
        first, second = shares.split(text, (holders[0], holders[1]) if holders else ("", ""))
        files.write_new(one, first.dumps())
        files.write_new(other, second.dumps())
    click.echo(f"pair {first.pair}: give {one} and {other} to two persons, at two places, and leave no copy here")


@key.command()
@click.argument("one", type=FILE)
@click.argument("other", type=FILE)
@key_option
def join(one: Path, other: Path, file: Path) -> None:
    """Make the ring's file again from its two halves. Never overwrites a file."""
    with told():
        text = shares.join(*_shares((one, other)))
        ring = KeyRing.parse(text)
        files.write_new(file, text)
    click.echo(f"the ring with active key {ring.active.id} is in {file}")


@key.command()
@click.option("--key", "file", type=FILE, envvar="ISOCENTRE_PROJECT_KEY_FILE", help=RING)
@click.option("--share", "halves", type=FILE, multiple=True, help="A half of the ring, instead; given twice.")
@click.option("--sites", type=FILE, required=True, envvar="ISOCENTRE_SITES_FILE", help="Sites file, for its domains.")
@click.option("--candidates", type=FILE, required=True, help=f"CSV with a head line: {', '.join(matching.COLUMNS)}.")
@click.option("--pseudonyms", type=FILE, help="Pseudonyms, one a line, beside those on the command line.")
@click.option("--reason", required=True, help="Why; goes into the audit log. No patient's data.")
@click.option("--audit", "log", type=FILE, help="The audit log; with --key, the key's file with .audit.jsonl.")
@click.option("--output", type=FILE, help="Write here (0600) instead of on the terminal.")
@click.argument("given", nargs=-1, metavar="[PSEUDONYM]...")
def match(
    file: Path | None,
    halves: tuple[Path, ...],
    sites: Path,
    candidates: Path,
    pseudonyms: Path | None,
    reason: str,
    log: Path | None,
    output: Path | None,
    given: tuple[str, ...],
) -> None:
    """Which candidates are behind these PSEUDONYMs (patient codes or UIDs)? Identified zone only, and audited.

    Takes both halves of the ring (--share A --share B) when the ring was made for two persons.
    """
    with told():
        source = _source(file, halves, log)
        if source.ring.match_requires > source.persons:
            audit.record(source.log, "match-refused", reason, keys=_ids(source.ring), persons=source.persons)
            raise Misconfigured("this ring takes two persons: give both halves with --share")
        source.ring.serve(read_sites(sites).project)
        lines = [*given, *(_text(pseudonyms).splitlines() if pseudonyms else ())]
        wanted = matching.read_pseudonyms(lines)
        listed = matching.read_candidates(_text(candidates))
        found = list(matching.match(wanted, listed, source.ring, read_patients(sites)))
        counts = {"pseudonyms": len(wanted), "candidates": len(listed), "found": len({one.pseudonym for one in found})}
        # Before anything is shown: what cannot be audited is not told.
        audit.record(source.log, "match", reason, keys=_ids(source.ring), holders=source.holders, **counts)
        if output:
            files.write_new(output, matching.write(found))
        else:
            click.echo(matching.write(found), nl=False)
    click.echo(f"{counts['found']} of {counts['pseudonyms']} pseudonyms found; noted in {source.log}", err=True)


@dataclass(frozen=True)
class Source:
    """A ring, who brought it, and where its use is noted."""

    ring: KeyRing
    holders: tuple[str, ...]
    log: Path

    @property
    def persons(self) -> int:
        return max(1, len(self.holders))


def _source(file: Path | None, halves: tuple[Path, ...], log: Path | None) -> Source:
    if halves:
        if len(halves) != 2:
            raise click.UsageError("a ring has two halves: give --share twice")
        if log is None:
            raise click.UsageError("with halves, say where their use is noted: --audit")
        one, other = _shares(halves)
        return Source(KeyRing.parse(shares.join(one, other)), (one.holder, other.holder), log)
    if file is None:
        raise click.UsageError("give --key, or --share twice")
    return Source(KeyRing.parse(read_private(file)), (), log or file.with_name(f"{file.name}.audit.jsonl"))


def _shares(halves: tuple[Path, ...]) -> tuple[Share, Share]:
    one, other = (Share.parse(read_private(half)) for half in halves)
    return one, other


def _ids(ring: KeyRing) -> list[str]:
    return [one.id for one in ring.keys]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failed:
        raise Misconfigured(f"{file} cannot be read: {type(failed).__name__}") from None


def _day(time: Any) -> str:
    return time.date().isoformat() if time else "-"
