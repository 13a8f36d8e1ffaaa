"""Measures our engine in a process of its own: `python -m tests.bench.deid.ours header|kinds PROFILE FILE...`."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import dcmread

from services.anonymiser.dataset.reading import read
from services.anonymiser.engine import Cleaned, Engine
from services.anonymiser.pixels.workers import Examiner
from services.anonymiser.profile.load import load, texts
from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing
from shared.dicom.patients import Patients
from tests.bench import cpu
from tests.bench.instances import SERIES

SITE = "NORTH"
OWN = Path(__file__).parent / "profiles"
Costs = dict[str, float]


@contextmanager
def engine(profile: str) -> Iterator[Engine]:
    """A shipped profile or one of `profiles/`, under a key of its own."""
    with Examiner(1) as examiner:
        yield Engine(load(profile, texts(OWN)), Pseudonyms.of(KeyRing.new()), Patients.of(SITE), examiner)


def header(profile: str, files: list[Path]) -> dict[str, float]:
    """Each file once, after the first of each series has been seen: the header pass from bytes to bytes, and all of it,
    which is that with a look at what pixels there are, the gate, the header as JSON, and the digest."""
    given = [path.read_bytes() for path in files]
    firsts, others = given[:: len(given) // SERIES], [one for n, one in enumerate(given) if n % (len(given) // SERIES)]
    with engine(profile) as ready:
        passes, whole = _timed(ready, _header_pass, firsts, others), _timed(ready, _whole, firsts, others)
    return {"objects": len(others), **passes, **{f"whole_{name}": value for name, value in whole.items()}}


def _timed(ready: Engine, work: Callable[[Engine, bytes], bytes], firsts: list[bytes], others: list[bytes]) -> Costs:
    for data in firsts:
        work(ready, data)
    wall, used = time.perf_counter(), time.process_time()
    for data in others:
        work(ready, data)
    wall, used = time.perf_counter() - wall, time.process_time() - used
    return {"per_second": len(others) / wall, "cpu_ms": 1e3 * used / len(others)}


def _header_pass(ready: Engine, data: bytes) -> bytes:
    syntax, elements = read(data)
    return b"".join(ready.passage(syntax, elements, SITE).header_pass())


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
