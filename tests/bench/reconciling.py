"""What a reconciliation of a large node costs: `python -m tests.bench.reconciling`, on a PostgreSQL of its own.

Ledger and index get the rows of made-up arrivals (`ledger.fill`), the receiver's accounts a line for each association
of 200. Then the databases and accounts are asked as by `isocentre reconcile --quick`, in a process of its own whose
memory at its highest is told; and the listing of a bucket by its files, with as many empty objects as are wanted, is
held against the lines.
"""

import json
import multiprocessing
import resource
import shutil
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import psycopg

from infra.local import stack as local
from infra.local.state import Database
from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.reconciling.reconcile import Reconciliation, Wish, Witnesses
from services.bookkeeper.reconciling.shelves import Originals
from services.bookkeeper.reconciling.stray import StrayOriginal
from services.bookkeeper.reconciling.walking import Walk
from shared.database.reading import Reader
from shared.storage import TreeStore
from tests.bench import ledger
from tests.bench.side import Incomplete
from tests.bench.told import FOLDER, keep, page, table

HOME = FOLDER / "reconciling"
BUCKETS = ("identified", "clean", "derived")
OF_ACCOUNTS = "SELECT association, min(site), count(*) FROM arrival GROUP BY association"
UNSIZED = "UPDATE arrival SET size = 0"
COLUMNS = ("asked", "looked at", "s", "of it a second", "memory at its highest, MB")


@dataclass(frozen=True, slots=True)
class Cost:
    """`looked_at`: the most of what was counted; `peak`: bytes of the whole process so far."""

    witness: str
    looked_at: int
    seconds: float
    peak: int


class Still:
    """Topics in which is nothing that the books do not have."""

    def ends(self) -> Mapping[tuple[str, int], int]:
        return {}

    def silent(self, gaps: Mapping[tuple[str, int], tuple[int, int]]) -> Collection[tuple[str, int]]:
        return gaps.keys()


def peak() -> int:
    """Bytes that this process had in memory at its highest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def account(server: Database, folder: Path) -> None:
    """What the receiver would have noted."""
    folder.mkdir(parents=True)
    with (
        psycopg.connect(server.url("bookkeeper", server.identified)) as connection,
        (folder / "2026-12-01.jsonl").open("w") as file,
    ):
        now = datetime.now(UTC).isoformat()
        for association, site, stored in connection.execute(OF_ACCOUNTS):
            told = {"association": association, "site": site, "stored": stored, "begun": now, "ended": now}
            file.write(json.dumps(told) + "\n")


def place(server: Database, tree: Path, count: int) -> str:
    """Empty objects of the first lines in the order of keys. The key of the last one."""
    query = "SELECT raw_key FROM arrival ORDER BY raw_key LIMIT %s"
    key = ""
    with psycopg.connect(server.url("bookkeeper", server.identified)) as connection:
        for (key,) in connection.execute(query, (count,)):
            (tree / "identified" / key).parent.mkdir(parents=True, exist_ok=True)
            (tree / "identified" / key).touch()
        connection.execute("DELETE FROM arrival WHERE raw_key > %s", (key,))
        connection.execute(UNSIZED.encode())
    return key


def quick(server: Database, tree: Path, accounts: Path) -> list[Cost]:
    """All but the listings. Raises Incomplete when something differs."""
    ours, theirs = Reader(server.url("auditor", server.identified)), Reader(server.url("auditor"))
    identified, clean, derived = (TreeStore(tree, bucket) for bucket in BUCKETS)
    witnesses = Witnesses(ours, theirs, Still(), identified, clean, derived, accounts)
    report = Reconciliation(witnesses, Wish(walk=False), threading.Event()).run()
    if report.total:
        raise Incomplete(f"{report.total} differences where there are none")
    found = [
        Cost(each.witness, max(each.counted.values(), default=0), each.seconds, peak()) for each in report.examined
    ]
    return [*found, Cost("all of these", sum(site.received for site in report.sites), report.seconds, peak())]


def walk(server: Database, tree: Path) -> list[Cost]:
    """The listing of originals. Raises Incomplete when something differs."""
    ours, counted = Reader(server.url("auditor", server.identified)), 0

    def count(what: str, number: int = 1) -> None:
        nonlocal counted
        counted += number if what == "objects" else 0

    began = time.monotonic()
    walking = Walk(
        shelf=Originals(),
        store=TreeStore(tree, "identified"),
        ledger=ours,
        stray=StrayOriginal(lambda of: None),
        catch_up=lambda: None,
        before=datetime.now(UTC),
        count=count,
        stop=threading.Event(),
    )
    if differences := len(list(walking.differences(Cut()))):
        raise Incomplete(f"{differences} differences where there are none")
    return [Cost("listing of originals, by files", counted, time.monotonic() - began, peak())]


def run(count: int, objects: int) -> list[Cost]:
    """All of it. Raises Incomplete, StackError."""
    fresh = multiprocessing.get_context("spawn")
    tree, accounts = HOME / "tree", HOME / "accounts"
    for bucket in BUCKETS:
        (tree / bucket).mkdir(parents=True)
    with local.running(HOME / "stack", services=False, only=["postgres"]) as stack:
        server = stack.database
        ledger.fill(server, count, index=True)
        account(server, accounts)
        with ProcessPoolExecutor(1, fresh) as process:
            found = process.submit(quick, server, tree, accounts).result()
        place(server, tree, objects)
        with ProcessPoolExecutor(1, fresh) as process:
            return [*found, *process.submit(walk, server, tree).result()]


def rows(costs: Sequence[Cost]) -> Iterator[Sequence[str]]:
    """Of the table."""
    for one in costs:
        rate = one.looked_at / one.seconds if one.seconds else 0.0
        yield one.witness, f"{one.looked_at:,}", f"{one.seconds:.2f}", f"{rate:,.0f}", f"{one.peak / 1e6:.0f}"


@click.command(help=__doc__)
@click.option("--count", default=1_000_000, show_default=True, help="Arrivals in the ledger.")
@click.option("--objects", default=100_000, show_default=True, help="Objects in the bucket that is walked.")
def main(count: int, objects: int) -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    try:
        found = run(count, objects)
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
    conditions = {"arrivals": f"{count:,}", "objects": f"{objects:,}"}
    text = page("What a reconciliation costs", conditions, *table(COLUMNS, rows(found)))
    keep("reconciling", text, {"conditions": conditions, "costs": [asdict(one) for one in found]})


if __name__ == "__main__":
    main()
