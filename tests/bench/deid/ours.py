"""Measures our engine in a process of its own: `python -m tests.bench.deid.ours header|kinds PROFILE FILE...`."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import dcmread

from services.anonymiser.engine import Cleaned, Engine
from services.anonymiser.pixels.workers import Examiner
from services.anonymiser.profile.load import load, texts
from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing
from shared.dicom.patients import Patients
from tests.bench import cpu

SITE = "NORTH"
OWN = Path(__file__).parent / "profiles"
SECONDS = 4.0


@contextmanager
def engine(profile: str) -> Iterator[Engine]:
    """A shipped profile or one of `profiles/`, under a key of its own."""
    with Examiner(1) as examiner:
        yield Engine(load(profile, texts(OWN)), Pseudonyms.of(KeyRing.new()), Patients.of(SITE), examiner)


def header(profile: str, files: list[Path]) -> dict[str, float]:
    """Bytes in, bytes out, over these files in turn, for some seconds."""
    given = [path.read_bytes() for path in files]
    with engine(profile) as ready:
        for data in given:
            verdict = ready.anonymise(data, SITE)
            if not isinstance(verdict, Cleaned):
                raise SystemExit(f"the object for the header pass is not cleaned: {verdict}")
        count, wall, used = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - wall < SECONDS:
            verdict = ready.anonymise(given[count % len(given)], SITE)
            assert isinstance(verdict, Cleaned)
            _ = verdict.part10
            count += 1
        wall, used = time.perf_counter() - wall, time.process_time() - used
    return {"objects": count, "per_second": count / wall, "cpu_ms": 1e3 * used / count}


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
