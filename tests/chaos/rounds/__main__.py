"""`make chaos`: rounds of random faults under load, and after each of them every witness is asked."""

import secrets
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from tests.chaos.rounds.deck import TARGETS, Round, deal
from tests.chaos.rounds.report import Part, Report, told
from tests.chaos.rounds.running import Runner
from tests.chaos.rounds.watch import Watch
from tests.chaos.rounds.world import world
from tests.support.stack import ROOT

FOLDER = ROOT / "build" / "chaos"
WAYS = ("tree", "s3")


@click.command(help=__doc__)
@click.option(
    "--seed", type=int, default=None, help="The same seed, the same faults at the same points. [random, told]"
)
@click.option("--rounds", default=40, show_default=True, help="How many.")
@click.option("--instances", default=20_000, show_default=True, help="In all rounds together.")
@click.option("--only", multiple=True, type=click.Choice(list(TARGETS)), help="Only faults of this kind; repeatable.")
@click.option(
    "--way", multiple=True, type=click.Choice(WAYS), help="Into the store; half of the rounds for each. [both]"
)
@click.option("--skip", default=0, show_default=True, help="Begin behind so many rounds.")
def main(seed: int | None, rounds: int, instances: int, only: Sequence[str], way: Sequence[str], skip: int) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    report = Report(secrets.randbelow(10**6) if seed is None else seed)
    dealt = deal(report.seed, rounds, only)[skip:]
    print(f"seed {report.seed}, {len(dealt)} rounds", flush=True)
    ways = way or WAYS
    each = -(-len(dealt) // len(ways))
    for number, name in enumerate(ways):
        if those := dealt[number * each : (number + 1) * each]:
            report.parts.append(Part(name))
            play(report, those, instances // rounds)
    print(f"{report.acknowledged} acknowledged; all of it: {(FOLDER / 'report.md').relative_to(ROOT)}")
    sys.exit(0 if report.is_sound else 1)


def play(report: Report, rounds: Sequence[Round], instances: int) -> None:
    """These rounds on a stack of their own, for the last part of the report, which is written after each."""
    part, began = report.parts[-1], time.monotonic()
    home: Path = FOLDER / part.name
    with world(home, part.name) as harmed:
        runner = Runner(harmed, report.seed, began, part.curves, FOLDER / "logs" / part.name)
        watch = Watch(harmed.stack, part.curves, began)
        watch.start()
        with closing(runner.witnesses):
            for dealt in rounds:
                part.outcomes.append(runner.run(dealt, instances))
                part.answers = dict(runner.sent.answers)
                part.reasons = dict(runner.witnesses.books.reasons)
                report.write(FOLDER)
                print(told(part.outcomes[-1]), flush=True)
            watch.end()
            part.read, part.damaged = runner.witnesses.read_back()
        report.write(FOLDER)
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
