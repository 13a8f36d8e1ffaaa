"""From the door to the picture: what a small site waits for, alone and beside another site's backlog.

`python -m tests.bench.backlog`: on a fresh stack site B sends CT images one by one, as a scanner does; then site A
sends its backlog of small ones as fast as it is taken, all of it as if it were live; then B does the same again, while
the backlog is being worked off; last, if any of it is left, ten in bulk, where it lies. Times run from the beginning of
a C-STORE until a subscriber reads the event of the picture. The run fails when any instance comes to no end.

What a site may have in the live lane at once is the receiver's setting, or `--burst`: smaller where the backlog is, and
1000000000 as it was before there were shares, all that is sent live in one lane.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import click

from infra.local import stack as local
from tests.bench import instances
from tests.bench.flooding import renamed
from tests.bench.pictured import Pictured
from tests.bench.sender import Association, Peer, Refused
from tests.bench.told import FOLDER, keep, measuring, page, table

HOME = FOLDER / "backlog"
LIVE, BULK = "ISOCENTRE", "ISOCENTRE_BULK"
SITE_A, SITE_B = "site-a", "site-b"
SIDE = 64
TEN = 10
WARM = 200
Load = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Waited:
    """What B's instances took, in seconds, and how many of A's were under way at the begin and the end of it."""

    what: str
    seconds: Sequence[float]
    backlog: int
    left: int

    @property
    def p50(self) -> float:
        return self._at(0.5)

    @property
    def p99(self) -> float:
        return self._at(0.99)

    def _at(self, part: float) -> float:
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(part * len(self.seconds)))]


@dataclass(frozen=True, slots=True)
class Found:
    """All of a run: how many of the backlog went on in bulk, the seconds that A took to send it, and those until the
    last picture of it. `left` of what B waited beside it tells whether it was there to the end."""

    alone: list[Waited]
    beside: list[Waited]
    in_bulk: int
    held: int
    sending_seconds: float
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def of_b(batch: str, count: int) -> Load:
    return [(one.sop, data_set) for one, data_set in instances.generate(f"backlog-{batch}", count)]


def of_a(associations: int) -> Load:
    """A small instance for each association, of which others are made."""
    made = []
    for number in range(associations):
        header = instances.header("backlog-a", number, number, number, number)
        header.Rows = header.Columns = SIDE
        made.append(
            (str(header.SOPInstanceUID), instances.encode(header, instances.pixels("a", 0, number)[: 2 * SIDE**2]))
        )
    return made


def stored(association: Association, number: int, sop: str, data_set: bytes) -> None:
    """Raises Refused."""
    if status := association.store(number % 65_535 + 1, sop, data_set):
        raise Refused(f"status 0x{status:04X}")


@dataclass(frozen=True, slots=True)
class Bench:
    """A stack that is up, and whoever sends to it."""

    port: int
    pictured: Pictured

    def waited(self, what: str, called: str, load: Load, pause: float) -> Waited:
        """B sends each, with a pause behind it. Raises Incomplete."""
        backlog, began = self.pictured.left(SITE_A), []
        association = Association(Peer(self.port, called, "SITE_B"))
        for number, one in enumerate(load):
            began.append(time.monotonic())
            stored(association, number, *one)
            time.sleep(pause)
        association.release()
        ended = self.pictured.times(sop for sop, _ in load)
        seconds = [round(end - begin, 4) for begin, end in zip(began, ended, strict=True)]
        return Waited(what, seconds, backlog, self.pictured.left(SITE_A))

    def flood(self, count: int, load: Load, first: int = 0) -> None:
        """A sends so many."""
        with ThreadPoolExecutor(len(load)) as pool:
            list(pool.map(lambda place: self._flood(count, load, place, first), range(len(load))))

    def _flood(self, count: int, load: Load, place: int, first: int) -> None:
        association = Association(Peer(self.port, LIVE, "SITE_A"))
        for number in range(first + place, first + count, len(load)):
            stored(association, number, *renamed(*load[place], number))
        association.release()


def run(backlog: int, count: int, pause: float, associations: int, burst: int | None) -> Found:
    """All of it. Raises Incomplete, StackError."""
    shutil.rmtree(HOME, ignore_errors=True)
    shares = {"receiver": {"ISOCENTRE_LIVE_BURST": str(burst)}} if burst else None
    with local.running(HOME, settings=shares) as stack, Pictured(stack.kafka_bootstrap_servers) as pictured:
        bench = Bench(stack.services["receiver"].dicom_port or 0, pictured)
        small = of_a(associations)
        bench.flood(WARM, small)
        bench.waited("warm", LIVE, of_b("warm", TEN), 0.0)
        pictured.wait_for(SITE_A, WARM)
        alone = [
            bench.waited("live", LIVE, of_b("alone", count), pause),
            bench.waited("ten in bulk", BULK, of_b("bulk-alone", TEN), 0.0),
        ]
        began, in_bulk = time.monotonic(), pictured.in_bulk[SITE_A]
        bench.flood(backlog, small, WARM)
        sent = time.monotonic()
        beside = [bench.waited("live", LIVE, of_b("beside", count), pause)]
        if pictured.left(SITE_A):
            beside.append(bench.waited("ten in bulk", BULK, of_b("bulk-beside", TEN), 0.0))
        pictured.wait_for(SITE_A, WARM + backlog)
        in_bulk = pictured.in_bulk[SITE_A] - in_bulk
        seconds = round(sent - began, 1), round(time.monotonic() - began, 1)
        return Found(alone, beside, in_bulk, pictured.held, *seconds)


def rows(found: Found) -> Iterator[Sequence[str]]:
    """Of the table. Ratios are within the run: of what the same took alone."""
    for one in found.alone:
        yield (f"{one.what}, alone", *_told(one), "", "")
    for one, alone in zip(found.beside, found.alone, strict=False):
        ratios = (f"{one.p50 / alone.p50:.2f}", f"{one.p99 / alone.p99:.2f}")
        yield (f"{one.what}, beside the backlog", *_told(one), *ratios)


def _told(one: Waited) -> Sequence[str]:
    numbers = (one.p50, one.p99, max(one.seconds))
    return (str(len(one.seconds)), f"{one.backlog} / {one.left}", *(f"{number:.2f}" for number in numbers))


COLUMNS = ("B", "instances", "A's left, before / after", "p50 s", "p99 s", "longest s", "p50 of alone", "p99 of alone")


@click.command(help=__doc__)
@click.option("--backlog", default=20_000, show_default=True, help="Instances of A.")
@click.option("--count", default=150, show_default=True, help="Instances of B, each time.")
@click.option("--pause", default=0.25, show_default=True, help="Seconds behind each of them.")
@click.option("--associations", default=8, show_default=True, help="Of A.")
@click.option("--burst", type=int, help="LIVE_BURST of the receiver.")
def main(backlog: int, count: int, pause: float, associations: int, burst: int | None) -> None:
    with measuring(HOME):
        found = run(backlog, count, pause, associations, burst)
    conditions = {
        "backlog": backlog,
        "of it in bulk": found.in_bulk,
        "held, of all": found.held,
        "sent in": f"{found.sending_seconds} s",
        "done in": f"{found.seconds} s",
        "LIVE_BURST": burst or "as it is",
    }
    text = page("What a site waits for beside another's backlog", conditions, *table(COLUMNS, rows(found)))
    keep(f"backlog-{burst}" if burst else "backlog", text, {"conditions": conditions, "found": found.as_json()})


if __name__ == "__main__":
    main()
