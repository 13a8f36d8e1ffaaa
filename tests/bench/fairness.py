"""What a site with one association gets while another one floods the receiver over many.

`python -m tests.bench.fairness`: site B sends alone, then the same number of others while site A sends without end.
While both send, A has about four places to store at in a process, and B, which has nothing inside, comes in at once
(services/receiver/turns.py). Fair would be half of the whole for B, or all that it can send when that is less. Where
associations are equal, it is one part of fifteen. Once B has been silent for a second, A has all places again.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from tests.bench import instances
from tests.bench.receive import ours
from tests.bench.receive.door import Door
from tests.bench.receive.measured import TREE
from tests.bench.side import SETTLE_SECONDS, Incomplete, Sent, dicom, sending, warm_up
from tests.bench.told import FOLDER, keep, measuring, page, table

HOME = FOLDER / "fairness"
BATCHES = FOLDER / "fairness-batches"
FLOODING = "tests.bench.flooding"
LEAD_SECONDS = 2.0
"""That A floods before B begins."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One time: B alone, B beside the flood, and A meanwhile."""

    alone: Sent
    beside: Sent
    flood: Sent

    @property
    def whole(self) -> float:
        """Instances/s of both."""
        return rate(self.beside) + rate(self.flood)

    @property
    def fair(self) -> float:
        """Instances/s that B would have if sites took turns: no more than it can send."""
        return min(rate(self.alone), self.whole / 2)

    def as_json(self) -> dict[str, Any]:
        rates = {name: round(rate(getattr(self, name)), 1) for name in ("alone", "beside", "flood")}
        told = {name: asdict(getattr(self, name)) for name in rates}
        return {"per_second": rates | {"fair": round(self.fair, 1)}, **told}


def rate(sent: Sent) -> float:
    """Instances/s."""
    return sent.accepted / (sent.ended - sent.began)


def make(turns: int, count: int, flood: int) -> None:
    """Write what B sends, and what A makes its instances of."""
    shutil.rmtree(BATCHES, ignore_errors=True)
    instances.make(BATCHES / "warm", "fairness-warm", max(count, flood + 1), max(instances.SERIES, flood + 1))
    for turn in range(turns):
        for name, number in (("alone", count), ("beside", count), ("flood", flood)):
            instances.make(BATCHES / f"{name}-{turn}", f"fairness-{name}-{turn}", number)


def measured(door: Door, turn: int, flood: int) -> Turn:
    """Raises Incomplete."""
    site_b = replace(door, calling="SITE_B")
    with sending(dicom(site_b, BATCHES / f"alone-{turn}", 1)) as sender:
        alone = _all_of(sender, BATCHES / f"alone-{turn}")
    time.sleep(SETTLE_SECONDS)
    with (
        sending(dicom(door, BATCHES / f"flood-{turn}", flood, FLOODING)) as flooding,
        sending(dicom(site_b, BATCHES / f"beside-{turn}", 1)) as sender,
    ):
        flooding.go()
        time.sleep(LEAD_SECONDS)
        flooding.go()
        beside = _all_of(sender, BATCHES / f"beside-{turn}")
        flooding.go()
        return Turn(alone, beside, flooding.result())


def _all_of(sender: sending, folder: Path) -> Sent:
    sender.go()
    sent, count = sender.result(), len(instances.read_index(folder))
    if sent.accepted != count:
        raise Incomplete(f"of {count} instances of B {sent.accepted} were accepted")
    return sent


def run(turns: int, count: int, flood: int) -> list[Turn]:
    """All of it, on a fresh receiver. Raises Incomplete, StackError."""
    make(turns, count, flood)
    with ours.running(HOME, TREE, "tree", 2 * (flood + 1)) as door:
        warm_up(door, BATCHES / "warm", flood + 1)
        found = [measured(door, turn, flood) for turn in range(turns)]
        answered = sum(one.accepted for turn in found for one in (turn.alone, turn.beside, turn.flood))
        if (held := door.held()) < answered:
            raise Incomplete(f"{answered} instances were accepted, and {held} are there")
    return found


def rows(turns: Sequence[Turn]) -> Iterator[Sequence[str]]:
    """Of the table."""
    for number, turn in enumerate(turns):
        yield (
            str(number),
            *_told(turn.alone),
            *_told(turn.beside),
            f"{rate(turn.flood):.0f}",
            f"{rate(turn.beside) / turn.whole:.2f}",
            f"{turn.fair:.0f}",
            f"{rate(turn.beside) / turn.fair:.2f}",
        )


def _told(sent: Sent) -> tuple[str, str]:
    return f"{rate(sent):.0f}", f"{sent.median_ms:.1f} / {sent.p99_ms:.1f}"


COLUMNS = (
    *("turn", "B alone, /s", "p50 / p99 ms", "B beside the flood, /s", "p50 / p99 ms", "A, /s"),
    *("B of the whole", "fair for B, /s", "B of its fair share"),
)


@click.command(help=__doc__)
@click.option("--count", default=300, show_default=True, help="Instances that B sends each time.")
@click.option("--flood", default=14, show_default=True, help="Associations of A.")
@click.option("--turns", default=3, show_default=True, help="How often it is measured.")
def main(count: int, flood: int, turns: int) -> None:
    with measuring(HOME, BATCHES):
        found = run(turns, count, flood)
    conditions = {"instances of B": count, "associations of A": flood}
    text = page("What a site gets beside a flood", conditions, *table(COLUMNS, rows(found)))
    keep("fairness", text, {"conditions": conditions, "turns": [turn.as_json() for turn in found]})


if __name__ == "__main__":
    main()
