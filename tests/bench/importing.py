"""What `isocentre import` costs: a folder of Part 10 files to a fresh receiver, by C-STORE.

`python -m tests.bench.importing` imports it once; again, when everything stands in the importer's journal; and once
more without the journal, when the receiver knows everything. Times are those of the whole command, its start included.
"""

import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from infra.local.bound import bound
from infra.local.layout import ROOT
from tests.bench import cpu, instances
from tests.bench.receive import ours
from tests.bench.receive.door import Door
from tests.bench.receive.measured import TREE
from tests.bench.receive.stock import files_of
from tests.bench.side import SETTLE_SECONDS, Incomplete, warm_up
from tests.bench.told import FOLDER, keep, measuring, page, table

HOME = FOLDER / "importing"
FILES = FOLDER / "importing-files"
BATCHES = FOLDER / "importing-batches"
REPORT = BATCHES / "report.json"
JOURNALS = FOLDER / "importing-journals"
LEFT = (HOME, FILES, BATCHES, JOURNALS)
COMMAND = (sys.executable, "-c", "from infra.cli import main; main()", "import")


@dataclass(frozen=True, slots=True)
class Import:
    """One run of the command. CPU in milliseconds for an instance; `importer` is the command itself."""

    what: str
    count: int
    seconds: float
    cpu_ms: Mapping[str, float]

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run, and in which of the importer's five ways all files have to end."""

    what: str
    journal: str
    ends: str


RUNS = (
    Wanted("fresh", "first.sqlite", "sent"),
    Wanted("resumed, the journal knows all", "first.sqlite", "repeated"),
    Wanted("without the journal, the receiver knows all", "second.sqlite", "sent"),
)


def command(door: Door, journal: Path, jobs: int) -> list[str]:
    """The importer's command line."""
    to = ["--to", f"127.0.0.1:{door.port}", "--calling", door.calling, "--jobs", str(jobs)]
    return [*COMMAND, str(FILES), *to, "--journal", str(journal), "--json", str(REPORT)]


def ended_so(report: Mapping[str, Mapping[str, int]], ends: str, count: int) -> None:
    """Raises Incomplete unless all files ended so."""
    if report["results"][ends] != count:
        raise Incomplete(f"of {count} files not all were {ends}: {report['results']}")


def imported(door: Door, wanted: Wanted, count: int, jobs: int) -> Import:
    """Run the command. Raises Incomplete."""
    before, own = cpu.measure(door.pids), _of_children()
    began = time.monotonic()
    line = bound(command(door, JOURNALS / wanted.journal, jobs))
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds, own = time.monotonic() - began, _of_children() - own
    if done.returncode != 0:
        raise Incomplete(f"the importer ended with {done.returncode}: {done.stdout}{done.stderr}")
    time.sleep(SETTLE_SECONDS)
    after = cpu.measure(door.pids)
    ended_so(json.loads(REPORT.read_text()), wanted.ends, count)
    spent = {"importer": own} | {name: after[name] - before[name] for name in before}
    return Import(wanted.what, count, seconds, {name: 1e3 * each / count for name, each in spent.items()})


def _of_children() -> float:
    """CPU seconds of those that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(count: int, jobs: int) -> list[Import]:
    """All of it. Raises Incomplete, StackError."""
    for folder in LEFT:
        shutil.rmtree(folder, ignore_errors=True)
    for name in ("warm", "measured"):
        instances.make(BATCHES / name, f"importing-{name}", count)
    files_of(BATCHES / "measured", FILES)
    with ours.running(HOME, TREE, "tree", 2 * jobs) as door:
        warm_up(door, BATCHES / "warm", jobs)
        found = [imported(door, wanted, count, jobs) for wanted in RUNS]
        if (held := door.held()) != 2 * count:
            raise Incomplete(f"{2 * count} instances were sent, and {held} are there")
    return found


def rows(imports: Sequence[Import]) -> Iterator[Sequence[str]]:
    """Of the table."""
    for one in imports:
        costs = (f"{one.cpu_ms[name]:.2f}" for name in PROCESSES)
        yield one.what, f"{one.seconds:.1f}", f"{one.per_second:.0f}", *costs


PROCESSES = ("importer", "receiver", "kafka")
COLUMNS = ("import", "seconds", "instances/s", *(f"CPU ms: {name}" for name in PROCESSES))


@click.command(help=__doc__)
@click.option("--count", default=400, show_default=True, help="Instances in the folder.")
@click.option("--jobs", default=4, show_default=True, help="Associations of the importer.")
def main(count: int, jobs: int) -> None:
    with measuring(*LEFT):
        found = run(count, jobs)
    conditions = {"instances": f"{count} of 0.53 MB", "associations": jobs}
    text = page("What an import costs", conditions, *table(COLUMNS, rows(found)))
    keep("importing", text, {"conditions": conditions, "imports": [asdict(one) for one in found]})


if __name__ == "__main__":
    main()
