"""`make soak`: senders of all manners for half an hour, and at the end nothing has grown and nothing is lost."""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from itertools import cycle
from pathlib import Path
from typing import Any

import click
import yaml

from tests.soak.books import Balance, Clerk, Tally, balance
from tests.soak.manners import COMPANY, Sender
from tests.soak.watch import Sample, Watch, as_json, complaints, memory_of
from tests.support.door import COMPONENTS
from tests.support.stack import ROOT, Stack, running
from tests.support.waiting import until

FOLDER = ROOT / "build" / "soak"
SITES = {"site-a": "SOAK_A", "site-b": "SOAK_B", "site-c": "SOAK_C"}
QUIET = 90.0
"""Seconds in which the last associations end: who says nothing is heard for a minute."""


@click.command(help=__doc__)
@click.option("--minutes", default=30.0, show_default=True, help="How long they send.")
def main(minutes: float) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "files").mkdir(parents=True)
    listed = [
        {"code": code, "project": "soak", "calling_ae_titles": [title], "called_ae_titles": ["ISOCENTRE"]}
        for code, title in SITES.items()
    ]
    home = FOLDER / "stack"
    home.mkdir()
    (home / "sites.yaml").write_text(yaml.safe_dump({"sites": listed}))
    with running(home, [], "tree", [f"--only={COMPONENTS}"]) as stack:
        problems = soak(stack, minutes * 60)
    shutil.rmtree(home, ignore_errors=True)
    sys.exit(1 if problems else 0)


def soak(stack: Stack, seconds: float) -> list[str]:
    """Send for so long; what was wrong, in words. Writes the report."""
    clerk, tally, watch = Clerk(stack), Tally(), Watch(stack)
    idle_before = watch.look()
    company = senders(stack, clerk, tally, time.monotonic() + seconds)
    for thread in (clerk, watch, *company):
        thread.start()
    tell_until_the_end(company, tally, watch, seconds)
    watch.end()
    until(lambda: not open_associations(stack), "all associations have ended", QUIET, every=1.0)
    clerk.end()
    idle_after = watch.look()
    found = balance(stack, clerk, list(SITES))
    problems = [*complaints(watch.samples, idle_before, idle_after), *lost(found), *left(stack)]
    write_report(seconds, tally, watch.samples, found, problems)
    return problems


def senders(stack: Stack, clerk: Clerk, tally: Tally, ends: float) -> list[Sender]:
    manners = [manner for manner, count in COMPANY.items() for _ in range(count)]
    who = zip(manners, cycle(SITES.items()), strict=False)
    port = stack.dicom_port
    return [Sender(manner, site, title, port, FOLDER / "files", clerk, tally, ends) for manner, (site, title) in who]


def tell_until_the_end(company: Sequence[Sender], tally: Tally, watch: Watch, seconds: float) -> None:
    ends, told = time.monotonic() + seconds, time.monotonic()
    while any(sender.is_alive() for sender in company):
        time.sleep(1.0)
        if time.monotonic() > told + 30:
            told = time.monotonic()
            memory = [f"{sample.memory / 2**20:.0f}" for sample in watch.look()]
            print(f"{ends - told:5.0f} s to go: {tally.acknowledged} acknowledged, memory {' '.join(memory)} MiB")
        if time.monotonic() > ends + 150:
            stuck = [sender.name for sender in company if sender.is_alive()]
            raise AssertionError(f"senders wait for an answer that does not come: {stuck}")


def open_associations(stack: Stack) -> float:
    return stack.metric("receiver", "isocentre_receive_open_associations")


def lost(found: Balance) -> list[str]:
    """What was acknowledged and is not kept, or kept and not announced."""
    told = {name: count for name, count in asdict(found).items() if name != "acknowledged" and count}
    return [f"{count} {name.replace('_', ' ')}" for name, count in told.items()]


def left(stack: Stack) -> list[str]:
    """What the receiver should have removed."""
    spool = stack.home / "data" / "receiver" / "spool"
    return [f"{name.name} is left in the spool" for name in spool.iterdir()]


def write_report(
    seconds: float, tally: Tally, samples: Sequence[Sample], found: Balance, problems: Sequence[str]
) -> None:
    """As JSON, and in words on the terminal."""
    memory = memory_of(samples)
    report: dict[str, Any] = {
        "minutes": seconds / 60,
        "instances_per_second": tally.acknowledged / seconds,
        "bytes": tally.bytes,
        "answers": dict(sorted(tally.answers.items())),
        "balance": asdict(found),
        "memory": memory,
        "descriptors_at_most": max(sample.descriptors for sample in samples),
        "threads_at_most": max(sample.threads for sample in samples),
        "problems": list(problems),
        "samples": as_json(samples),
    }
    path: Path = FOLDER / "report.json"
    path.write_text(json.dumps(report, indent=1))
    for name, count in report["answers"].items():
        print(f"{count:8} {name}")
    print(f"{found.acknowledged} acknowledged, {tally.bytes / 1e9:.1f} GB, {report['instances_per_second']:.0f}/s")
    for told in memory:
        line = "process {pid}: {0:.0f} MiB, at most {1:.0f}, {2:+.1f} over the time"
        print(line.format(*(told[name] / 2**20 for name in ("median", "most", "growth")), pid=told["pid"]))
    print(f"descriptors at most {report['descriptors_at_most']}, threads {report['threads_at_most']}")
    print("\n".join(problems) or "nothing grew, nothing is lost")
    print(f"all of it: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
