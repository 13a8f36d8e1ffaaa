"""Measures our engine in a process of its own: `python -m tests.bench.deid.ours header|kinds PROFILE FILE...`."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from pydicom import dcmread

from services.anonymiser.dataset.limits import LIMITS
from services.anonymiser.dataset.reading import read
from services.anonymiser.engine import Cleaned, Engine
from services.anonymiser.passage import Means, Passage
from services.anonymiser.pixels.workers import Examiner
from services.anonymiser.profile.load import load, texts
from services.anonymiser.profile.model import Profile
from services.anonymiser.profile.selection import Selection
from services.anonymiser.standard.table import table
from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing
from shared.dicom.patients import Patients
from tests.bench import cpu
from tests.bench.instances import SERIES

SITE = "NORTH"
OWN = Path(__file__).parent / "profiles"
Costs = dict[str, float]


@dataclass(frozen=True, slots=True)
class HeaderPass:
    """The engine's steps on the header alone: nobody looks at pixels, and nobody looks again. That is fit for nothing
    but measuring, and so the engine does not offer it."""

    means: Means
    selection: Selection
    revision: str

    @classmethod
    def of(cls, profile: Profile, pseudonyms: Pseudonyms) -> Self:
        patients = Patients.of(SITE)
        means = Means.of(profile, pseudonyms, patients, None, LIMITS, time.monotonic)
        return cls(means, Selection(profile, table()), Engine(profile, pseudonyms, patients).revision(SITE))

    def cleaned(self, data: bytes) -> bytes:
        """The file that comes of a file."""
        syntax, elements = read(data)
        rules, _ = self.selection.of(elements)
        passage = Passage(self.means, rules, SITE, self.revision, syntax, elements, frozenset())
        cleaner, cleaned = passage.cleaned(elements, syntax, passage.patient(), passage.deadline())
        return b"".join(passage.written(passage.marked(cleaned, cleaner), syntax))


def shipped(profile: str) -> Profile:
    """A shipped profile or one of `profiles/`."""
    return load(profile, texts(OWN))


@contextmanager
def engine(profile: str) -> Iterator[Engine]:
    """Under a key of its own."""
    with Examiner(1) as examiner:
        yield Engine(shipped(profile), Pseudonyms.of(KeyRing.new()), Patients.of(SITE), examiner)


def header(profile: str, files: list[Path]) -> dict[str, float]:
    """Each file once, after the first of each series has been seen: the header pass from bytes to bytes, and all of it,
    which is that with a look at what pixels there are, the gate, the header as JSON, and the digest."""
    given = [path.read_bytes() for path in files]
    firsts, others = given[:: len(given) // SERIES], [one for n, one in enumerate(given) if n % (len(given) // SERIES)]
    with engine(profile) as ready:
        alone = HeaderPass.of(shipped(profile), Pseudonyms.of(KeyRing.new()))
        passes, whole = _timed(alone.cleaned, firsts, others), _timed(partial(_whole, ready), firsts, others)
    return {"objects": len(others), **passes, **{f"whole_{name}": value for name, value in whole.items()}}


def _timed(work: Callable[[bytes], bytes], firsts: list[bytes], others: list[bytes]) -> Costs:
    for data in firsts:
        work(data)
    wall, used = time.perf_counter(), time.process_time()
    for data in others:
        work(data)
    wall, used = time.perf_counter() - wall, time.process_time() - used
    return {"per_second": len(others) / wall, "cpu_ms": 1e3 * used / len(others)}


def _whole(ready: Engine, data: bytes) -> bytes:
    verdict = ready.anonymise(data, SITE)
    if not isinstance(verdict, Cleaned):
        raise SystemExit(f"the object for the header pass is not cleaned: {verdict}")
    return verdict.part10


def kinds(profile: str, files: list[Path]) -> dict[str, dict[str, float]]:
    """By modality, milliseconds of CPU for one object, those of the processes that look at pixels included."""
    costs: dict[str, list[float]] = {}
    pixels: dict[str, list[float]] = {}
    with engine(profile) as ready:
        for path in files:
            ready.anonymise(path.read_bytes(), SITE)  # whatever is loaded once
        for path in files:
            data, dataset = path.read_bytes(), dcmread(path, stop_before_pixels=True)
            before = cpu.measure({"all": os.getpid()})["all"]
            times = 0
            began = time.perf_counter()
            while times == 0 or time.perf_counter() - began < 0.3:
                ready.anonymise(data, SITE)
                times += 1
            used = cpu.measure({"all": os.getpid()})["all"] - before
            costs.setdefault(str(dataset.Modality), []).append(1e3 * used / times)
            size = (
                int(dataset.get("Rows", 0)) * int(dataset.get("Columns", 0)) * int(dataset.get("NumberOfFrames") or 1)
            )
            pixels.setdefault(str(dataset.Modality), []).append(size / 1e6)
    return {
        modality: {
            "objects": len(some),
            "cpu_ms": sum(some) / len(some),
            "megapixels": sum(pixels[modality]) / len(some),
        }
        for modality, some in sorted(costs.items())
    }


def main(arguments: list[str]) -> None:
    what, profile, *files = arguments
    measure = {"header": header, "kinds": kinds}[what]
    print(json.dumps(measure(profile, [Path(file) for file in files])))


if __name__ == "__main__":
    main(sys.argv[1:])
