"""Runs one of the peers over a folder, or measures its header pass. Knows nothing of this project: it is run by the
Python of an environment that has the peer only.

    peer.py TOOL run IN OUT REPORT         a line of JSON per file: input, outcome, reason, output, CPU ms
    peer.py TOOL speed FILE... COUNT       the header pass over the files, in turn, COUNT times: a line of JSON

Settings: dicognito's defaults, one anonymiser for all files; dicom-anonymizer with its newest table, private elements
deleted (its default); deid with its default recipe, its pixel cleaner first, private elements removed.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom

Anonymise = Callable[[Any], Any]
"""A data set in, the data set that is written out; in place or not."""


def dicognito() -> Anonymise:
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer()

    def anonymise(dataset: Any) -> Any:
        anonymizer.anonymize(dataset)
        return dataset

    return anonymise


def dicom_anonymizer() -> Anonymise:
    from dicomanonymizer.simpledicomanonymizer import anonymize_dataset, initialize_actions

    rules = initialize_actions("dicomfields_2026c")  # once: its own default builds them anew for every object

    def anonymise(dataset: Any) -> Any:
        anonymize_dataset(dataset, base_rules_gen=rules.copy)
        return dataset

    return anonymise


def deid() -> Anonymise:
    from deid.config import DeidRecipe
    from deid.dicom import replace_identifiers
    from deid.logger import bot

    bot.level = 0
    recipe = DeidRecipe()

    def anonymise(dataset: Any) -> Any:
        return replace_identifiers([dataset], deid=recipe, remove_private=True)[0]

    return anonymise


def deid_pixels(path: Path, dataset: Any) -> None:
    """Blanks what deid's list of devices names; an object that it does not name keeps its pixels."""
    from deid.dicom import DicomCleaner

    cleaner = DicomCleaner()
    found = cleaner.detect(str(path))
    if found["flagged"] and any(part.get("coordinates") for part in found["results"]):
        cleaner.clean()
        if cleaner.cleaned is not None:
            dataset.decompress() if dataset.file_meta.TransferSyntaxUID.is_compressed else None
            dataset.PixelData = cleaner.cleaned.astype(dataset.pixel_array.dtype).tobytes()


TOOLS = {"dicognito": dicognito, "dicom-anonymizer": dicom_anonymizer, "deid": deid}


def one(tool: str, anonymise: Anonymise, source: Path, target: Path) -> None:
    dataset = pydicom.dcmread(source)
    if tool == "deid" and "PixelData" in dataset:
        deid_pixels(source, dataset)
    made = anonymise(dataset)
    target.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(target)


def run(tool: str, given: Path, output: Path) -> Iterator[dict[str, Any]]:
    anonymise = TOOLS[tool]()
    for source in sorted(path for path in given.rglob("*") if path.is_file()):
        target, before = output / source.relative_to(given), time.process_time()
        line = {"input": str(source), "outcome": "cleaned", "reason": "", "output": str(target)}
        try:
            one(tool, anonymise, source, target)
        except Exception as failed:
            target.unlink(missing_ok=True)
            line |= {"outcome": "failed", "reason": type(failed).__name__, "output": ""}
        yield line | {"cpu_ms": round(1e3 * (time.process_time() - before), 3)}


def speed(tool: str, files: list[Path], count: int) -> dict[str, float]:
    """Read, de-identify and write in memory; the pixels are never decoded."""
    anonymise = TOOLS[tool]()
    given = [path.read_bytes() for path in files]
    for data in given[:2]:
        anonymise(pydicom.dcmread(BytesIO(data))).save_as(BytesIO())
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(count):
        anonymise(pydicom.dcmread(BytesIO(given[number % len(given)]))).save_as(BytesIO())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"objects": count, "per_second": count / wall, "cpu_ms": 1e3 * cpu / count}


def main(arguments: list[str]) -> None:
    warnings.simplefilter("ignore")
    tool, what, *rest = arguments
    if what == "speed":
        print(json.dumps(speed(tool, [Path(one) for one in rest[:-1]], int(rest[-1]))))
        return
    given, output, report = map(Path, rest)
    with report.open("w", encoding="utf-8") as lines:
        for line in run(tool, given, output):
            lines.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
