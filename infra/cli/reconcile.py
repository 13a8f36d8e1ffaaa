"""`isocentre reconcile`: the books against everything that can witness against them."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from pydantic import ValidationError

from infra.books import node, showing
from infra.cli.terminal import console, fail, refuse, stopped_by_signals
from infra.local.layout import DEFAULT_HOME
from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.report import Report
from services.bookkeeper.reconciling.reconcile import GRACE, Reconciliation, Wish, Witnesses
from shared.dicom.identity import Pseudonyms
from shared.misconfigured import Misconfigured
from shared.outcome import Transient

DIFFERENT, AWAY = 1, 4
"""Exit codes, beside that of bad usage."""
SECOND = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
SIGN_OF_LIFE = 50_000
"""Things looked at between two lines of progress."""


@click.command(
    epilog="Exits 0 when nothing differs, 1 when something does, 2 for bad usage or without a node, 4 when a witness "
    "is away or the books do not catch up."
)
@click.option("--site", metavar="CODE", help="Only this site.")
@click.option("--association", metavar="ID", help="Only what came on this association.")
@click.option("--study", metavar="UID", help="Only this study: its original UID, its pseudonym, or its key.")
@click.option("--from", "since", type=SECOND, help="Received since then (UTC).")
@click.option("--to", "until", type=SECOND, help="Received before then (UTC).")
@click.option("--quick", is_flag=True, help="Without the listings of the store.")
@click.option("--deep", is_flag=True, help="Read the bytes of all objects, too: as long as the store takes for them.")
@click.option("--wait", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Seconds for the books.")
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=GRACE.total_seconds(),
    show_default=True,
    help="Seconds that an object may lie in the store before somebody tells of it.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_HOME,
    help="The folder in which all of a local stack lies.",
)
@click.option("--environment", is_flag=True, help="Of the node that ISOCENTRE_… in the environment names.")
def reconcile(
    site: str | None,
    association: str | None,
    study: str | None,
    since: datetime | None,
    until: datetime | None,
    quick: bool,
    deep: bool,
    wait: float,
    grace: float,
    as_json: bool,
    home: Path,
    environment: bool,
) -> None:
    """Prove that nothing was lost: received = clean + quarantined + rejected + dead-lettered + in flight, and every
    witness agrees with the books (store, receiver's accounts, topics, index).

    Identified zone only: it names objects and arrivals.
    """
    if quick and deep:
        refuse("--quick reads no listings, so there is nothing to read the bytes of: leave out --quick or --deep")
    witnesses, pseudonyms = _node(home, environment)
    cut = _cut(pseudonyms, Cut(site, association, study, None, _utc(since), _utc(until)))
    wish = Wish(cut, walk=not quick, deep=deep, grace=timedelta(seconds=grace), wait=wait)
    report = _run(witnesses, wish)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=1))
    else:
        _print(report)
    sys.exit(DIFFERENT if report.total else 0)


def _node(home: Path, environment: bool) -> tuple[Witnesses, Pseudonyms]:
    try:
        return node.of_settings() if environment else node.of_stack(home)
    except node.NoNode as missing:
        refuse(str(missing))
    except Misconfigured as wrong:
        refuse(str(wrong))
    except ValidationError as wrong:
        names = sorted(f"ISOCENTRE_{str(error['loc'][0]).upper()}" for error in wrong.errors())
        refuse(f"set {', '.join(names)} in the environment")


def _cut(pseudonyms: Pseudonyms, cut: Cut) -> Cut:
    return replace(cut, study_key=pseudonyms.partition_key(cut.study)) if cut.study else cut


def _run(witnesses: Witnesses, wish: Wish) -> Report:
    stop = threading.Event()
    try:
        with stopped_by_signals(stop):
            return Reconciliation(witnesses, wish, stop, Progress()).run()
    except Transient as away:
        fail(str(away), AWAY)


def _print(report: Report) -> None:
    if report.sites:
        console().print(showing.sites(report))
    for line in showing.differences(report):
        click.echo(line)
    for line in showing.witnesses(report):
        click.echo(line, err=True)
    click.echo(f"{report.total} differences" if report.total else "no differences")


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


class Progress:
    """Says on standard error how far it has come, now and then."""

    def __init__(self) -> None:
        self._next = SIGN_OF_LIFE

    def __call__(self, witness: str, counted: Counter[str]) -> None:
        done = max(counted.values(), default=0)
        if done >= self._next:
            click.echo(f"{witness}: {done:,}", err=True)
        self._next = SIGN_OF_LIFE * (done // SIGN_OF_LIFE + 1)
