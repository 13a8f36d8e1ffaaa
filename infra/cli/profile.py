"""`isocentre profile`: what a de-identification profile does, attribute by attribute, and by which rule."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from rich.table import Table

from infra.cli.terminal import console, refuse
from services.anonymiser.profile.claims import departures
from services.anonymiser.profile.decision import Decision
from services.anonymiser.profile.load import BadProfile, load, text_of, texts
from services.anonymiser.profile.model import Profile
from services.anonymiser.profile.paths import parsed, shown
from services.anonymiser.profile.rules import Rules
from services.anonymiser.standard.table import table

BAD = 1
_CT = "1.2.840.10008.5.1.4.1.1.2"

profiles_option = click.option(
    "--profiles", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of own profiles."
)


@click.group()
def profile() -> None:
    """De-identification profiles: PS3.15 Table E.1-1 with options, and what departs from it."""


@profile.command("list")
@profiles_option
def list_profiles(profiles: Path | None) -> None:
    """All profiles with their options."""
    available = _texts(profiles)
    shown_as = Table("name", "title", "options (PS3.16 CID 7050)")
    for name in sorted(available):
        found = _load(name, available)
        options = ", ".join(f"{option.code} {option.value}" for option in sorted(found.options, key=lambda o: o.code))
        shown_as.add_row(name, found.title, options or "none")
    console().print(shown_as)


@profile.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Say whether FILES are profiles that can be used, and what objects made with them may claim.

    A base is looked for among the shipped profiles and beside the file. Exits 1 when one of them is not.
    """
    bad = False
    for path in files:
        try:
            found = load(path.stem, texts(path.parent) | {path.stem: text_of(path)})
        except BadProfile as refused:
            click.echo(f"{path}: {refused}", err=True)
            bad = True
            continue
        click.echo(f"{path}: {found.title}")
        for claim in _claims(found):
            click.echo(f"  {claim}")
    sys.exit(BAD if bad else 0)


@profile.command()
@click.argument("one")
@click.argument("other")
@profiles_option
def diff(one: str, other: str, profiles: Path | None) -> None:
    """Show where two profiles treat an attribute differently: every row of Table E.1-1, and what either one names."""
    available = _texts(profiles)
    both = [_rules(_load(name, available)) for name in (one, other)]
    shown_as = Table("attribute", one, other)
    for path in _paths(both):
        first, second = (_decided(rules, path, _vr(path)) for rules in both)
        if (first.act, first.value, first.mode) != (second.act, second.value, second.mode):
            shown_as.add_row(shown(path), first.act.value, second.act.value)
    console().print(shown_as)


@profile.command()
@click.argument("attribute", metavar="TAG")
@click.option("--profile", "name", default=None, help="One profile; otherwise all.")
@click.option(
    "--sop-class", default=_CT, show_default=True, help="SOP Class UID of the object: its IOD tells the type."
)
@click.option("--vr", default=None, help="VR as sent; otherwise that of PS3.6.")
@profiles_option
def explain(attribute: str, name: str | None, sop_class: str, vr: str | None, profiles: Path | None) -> None:
    """Say what happens to TAG, such as (0010,0010), PatientAge or ContentSequence/TextValue, and why."""
    available = _texts(profiles)
    path = _path(attribute)
    shown_as = Table("profile", "what happens", "by which rule", title=shown(path))
    for each in [name] if name else sorted(available):
        decision = _decided(_rules(_load(each, available)), path, vr or _vr(path), sop_class)
        shown_as.add_row(each, _told(decision), decision.source)
    console().print(shown_as)


def _told(decision: Decision) -> str:
    return f"{decision.act.value} {decision.value}".rstrip()


def _claims(found: Profile) -> Iterator[str]:
    departs = departures(_rules(found))
    yield "claims 113100 and its options where they are carried out" if not departs else "does not claim 113100:"
    for one in departs:
        yield f"  departs: {one}"
    for rule in found.rules:
        conditional = departures(Rules(found, (*found.attributes, *rule.attributes), table()))
        for one in conditional:
            if one not in departs:
                yield f"  departs where a rule applies ({rule.why}): {one}"


def _decided(rules: Rules, path: tuple[int, ...], vr: str, sop_class: str = _CT) -> Decision:
    """The decision at `path`, through the levels above it, which may decide for all that is in them."""
    place = rules.place(sop_class)
    for sequence in path[:-1]:
        above = place.decide(sequence, "SQ")
        if above.act.value in ("remove", "empty"):
            return above
        place = place.below(sequence, above.mode)
    return place.decide(path[-1], vr)


def _rules(found: Profile) -> Rules:
    return Rules(found, found.attributes, table())


def _paths(both: list[Rules]) -> list[tuple[int, ...]]:
    listed: set[tuple[int, ...]] = {(int(name.replace("x", "0"), 16),) for name in table().rows if name != "private"}
    for rules in both:
        for pattern, _ in rules.overrides:
            if "x" not in "".join(pattern.steps):
                listed.add(tuple(int(step, 16) for step in pattern.steps))
    return sorted(listed)


def _path(attribute: str) -> tuple[int, ...]:
    try:
        steps = parsed(attribute).steps
        return tuple(int(step.replace("x", "0"), 16) for step in steps)
    except ValueError as error:
        near = tag_for_keyword(attribute.replace(" ", "")) if attribute.strip() else None
        if near is not None:
            return (near,)
        raise click.BadParameter(str(error), param_hint="TAG") from None


def _vr(path: tuple[int, ...]) -> str:
    """The VR of PS3.6; LO for attributes that it does not know."""
    known = dictionary_VR(path[-1]) if keyword_for_tag(path[-1]) else "LO"
    return known.split(" or ")[0]


def _texts(folder: Path | None) -> dict[str, str]:
    try:
        return texts(folder)
    except BadProfile as bad:
        refuse(str(bad))


def _load(name: str, available: dict[str, str]) -> Profile:
    try:
        return load(name, available)
    except BadProfile as bad:
        refuse(str(bad))
