"""A report for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from infra.cli.terminal import columns
from services.bookkeeper.comparing.difference import Difference, Kind
from services.bookkeeper.comparing.report import Examined, Report

SHOWN = 20
"""Differences of one kind that are shown; JSON has more."""


def sites(report: Report) -> Table:
    """The equation, a site in a line."""
    table = columns("site", "received", "=", "clean", "quarantined", "rejected", "dead-lettered", "in flight", "since")
    for site in report.sites:
        states = site.states
        since = site.oldest.isoformat(timespec="seconds") if site.oldest else ""
        counts = (states[state] for state in ("clean", "quarantined", "rejected", "dead", "in_flight"))
        sign = "=" if site.balanced else "≠"
        table.add_row(site.site, str(site.received), sign, *map(str, counts), since)
    return table


def differences(report: Report) -> Iterator[str]:
    """By kind: how many, what to do, and which."""
    for kind in Kind:
        number = report.findings.of_kind(kind)
        if not number:
            continue
        found = [difference for difference in report.findings.kept if difference.kind is kind]
        yield f"{kind.value}: {number}"
        yield f"  {found[0].remedy}"
        yield from (f"  {_named(difference)}" for difference in found[:SHOWN])
        if number > SHOWN:
            yield f"  … and {number - SHOWN} more: --json has {len(found)} of them"


def witnesses(report: Report) -> Iterator[str]:
    """What was looked at, and how fast."""
    for each in report.examined:
        counted = ", ".join(f"{number:,} {what}" for what, number in each.counted.items()) or "nothing"
        rate = f", {_rate(each)}" if each.seconds > 1 else ""
        yield f"{each.witness}: {counted} in {each.seconds:.1f} s{rate}"
    yield f"waited {report.waited:.1f} s for the books, {report.seconds:.1f} s in all"


def _rate(examined: Examined) -> str:
    return f"{examined.rate / 1e6:,.1f} MB/s" if "bytes" in examined.counted else f"{examined.rate:,.0f}/s"


def _named(difference: Difference) -> str:
    return f"{difference.site}  {difference.concerns}" if difference.site else difference.concerns
